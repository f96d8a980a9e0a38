"""The page of the practice phones, what it asks the service for, and that only who sits at this machine has it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.clients.http import Api
from tests.makers import make_person
from thserver.companies import make_records
from thserver.gateways.clock import PracticeClock
from thserver.services import example_people as cast
from thserver.services.all import Services

ELSEWHERE: tuple[dict[str, str], ...] = (
    {"Host": "phone.example.com"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"Origin": "https://evil.example"},
)


@pytest.fixture
def clock() -> PracticeClock:
    return PracticeClock(make_records(None))


async def test_who_sits_at_this_machine_sees_two_phones(api: Api, services: Services) -> None:
    person = await make_person(services, first_name="<b>Ann", last_name="& Co")
    answer = await api("GET", "/")
    assert answer.status == 200
    page = answer.raw.decode()
    assert len(re.findall(r"<section class=\"phone", page)) == 2
    assert page.count("Dial +1 202-555-0100") == 2
    assert page.count(f'<option value="{person.phone}">&lt;b&gt;Ann &amp; Co, ') == 2
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?://", page)
    for asset in re.findall(r'(?:src|href)="(/console/assets/[^"]+)"', page):
        assert (await api("GET", asset)).status == 200, asset


async def test_anybody_else_is_sent_to_the_console(api: Api, app: Any) -> None:
    for headers in ELSEWHERE:
        answer = await api("GET", "/", headers=headers)
        assert (answer.status, answer.headers["Location"]) == (303, "/console/rooms")
        for method, path in (("GET", "/practice/board"), ("POST", "/practice/examples")):
            assert (await api(method, path, headers=headers)).status == 404, path
    app.settings["debug_mode"] = False
    assert (await api("GET", "/")).status == 303
    assert (await api("POST", "/practice/examples")).status == 404


async def test_example_people_are_made_at_a_press_and_shown_with_what_they_get(
    api: Api, services: Services
) -> None:
    made = (await api("POST", "/practice/examples", {})).body
    assert [each["email"] for each in made["people"]] == [each.email for each in cast.EVERYBODY]
    assert (made["new"], made["booked"]) == (len(cast.EVERYBODY), 5)
    for contract in ("heroes", "mentors", "experts", "gatherings", "circles"):
        assert contract in {each["contract"] for each in made["people"]}
    call = made["appointments"][0]
    assert (call["kind"], call["state"]) == ("Call", "agreed")
    hero, caller = (person["phone"] for person in call["people"])
    await services.background.idle()

    await api("POST", "/practice/texts", {"from": caller, "body": "HELP"})
    board = (await api("GET", f"/practice/board?phone=%2B{hero[1:]}&phone=%2B{caller[1:]}")).body
    assert board["appointments"] == made["appointments"]
    assert [person["name"] for person in board["people"]][:2] == ["Hanna Berg", "Carlos Diaz"]
    assert "inbound" in {text["direction"] for text in board["texts"][caller]}
    times = [text["at"] for text in board["texts"][caller]]
    assert times == sorted(times)
    assert any(letter["subject"].startswith("Your call with") for letter in board["letters"][hero])
    titles = {each["kind"]: each["title"] for each in board["appointments"]}
    assert titles["Memorial"] == "In memory of August Stone"

    again = (await api("POST", "/practice/examples", {})).body
    assert (again["new"], again["booked"]) == (0, 0)
    # Any of them signs in with the one password, but not staff: the data may be taken elsewhere.
    for example, status in ((cast.HERO, 200), (cast.STAFF, 403)):
        body = {"email": example.email, "password": cast.PASSWORD}
        assert (await api("POST", "/api/v1/accounts/login", body)).status == status, example.key


async def test_who_has_a_number_of_theirs_keeps_it(api: Api, services: Services) -> None:
    person = await make_person(services, phone=cast.CALLER.phone)
    answer = await api("POST", "/practice/examples", {})
    assert answer.status == 409
    assert "has their numbers" in answer.body["detail"]
    (there,) = [each for each in await services.practice_board.people() if each.phone == cast.CALLER.phone]
    assert there.id == person.id


async def test_the_board_takes_a_few_numbers_and_nothing_else(api: Api) -> None:
    assert (await api("GET", "/practice/board?phone=me")).status == 400
    assert (await api("GET", "/practice/board?" + "&".join(["phone=%2B12025550111"] * 5))).status == 400
    empty = (await api("GET", "/practice/board?phone=&phone=%2B12025550177")).body
    assert empty["texts"] == {"+12025550177": []}
    assert (empty["people"], empty["letters"], empty["appointments"]) == ([], {}, [])
