"""Who may see the console, and how staff sign in: nobody is told who is staff, and everything is written down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import PASSWORD, make_person, make_staff
from thserver.domain.errors import CarrierRefused
from thserver.domain.people import Person
from thserver.domain.staff_actions import ActionState, Actor
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

PAGES = ("/console/rooms", "/console/actions")


@pytest.fixture
def shut(app: Any) -> None:
    """As in production: nobody is let in without signing in."""
    app.settings["debug_mode"] = False


@pytest.fixture
def browser(api: Api, shut: None) -> Browser:
    return Browser(api)


async def code_for(services: Services, carrier: SimulatedCarrier, person: Person) -> str:
    await services.background.idle()
    text = carrier.texts_to(person.phone or "")[-1]["body"]
    return text.rpartition("#")[2]


@pytest.mark.parametrize("page", PAGES)
async def test_who_sits_at_the_machine_of_a_developer_needs_no_sign_in(api: Api, page: str) -> None:
    answer = await api("GET", page)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("page", PAGES)
async def test_who_is_not_signed_in_is_sent_to_sign_in(browser: Browser, page: str) -> None:
    answer = await browser.get(page)
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/sign-in?next={page}")
    assert (await browser.get("/console/sign-in")).status == 200


async def test_another_host_in_the_address_bar_opens_nothing(api: Api) -> None:
    answer = await api("GET", "/console/rooms", headers={"Host": "evil.example"})
    assert answer.status == 303


async def test_where_others_reach_the_service_everybody_signs_in(api: Api, app: Any) -> None:
    app.settings["public_url"] = "https://demo.example.com"
    assert (await api("GET", "/console/rooms")).status == 303
    assert (await api("GET", "/")).status == 303


async def test_staff_sign_in_with_a_code_and_out_again(
    browser: Browser, services: Services, carrier: SimulatedCarrier
) -> None:
    person = await make_staff(services)
    asked = await browser.post("/console/sign-in", by="ask", phone=person.phone or "")
    assert "a code is on its way" in text_of(asked)
    code = await code_for(services, carrier, person)
    answer = await browser.post(
        "/console/sign-in", by="code", phone=person.phone or "", code=code, next="/console/actions"
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/console/actions")
    cookie = answer.headers["Set-Cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    page = await browser.get("/console/actions")
    assert page.status == 200
    assert person.full_name in text_of(page)
    token = dict(browser.cookies)
    assert (await browser.post("/console/sign-out")).status == 303
    assert browser.cookies == {}
    browser.cookies = token
    assert (await browser.get("/console/rooms")).status == 303


async def test_staff_sign_in_with_a_password(browser: Browser, services: Services) -> None:
    person = await make_staff(services)
    for name in (person.email, person.phone):
        answer = await browser.sign_in(name or "", PASSWORD)
        assert answer.status == 303
        assert (await browser.get("/console/rooms")).status == 200


async def test_nobody_learns_who_is_staff(
    browser: Browser, services: Services, carrier: SimulatedCarrier
) -> None:
    staff, other = await make_staff(services), await make_person(services)
    before = len(carrier.texts_to(other.phone or ""))
    asked = [
        text_of(await browser.post("/console/sign-in", by="ask", phone=person.phone or ""))
        for person in (staff, other)
    ]
    await services.background.idle()
    assert asked[0].replace(staff.phone or "", "") == asked[1].replace(other.phone or "", "")
    assert len(carrier.texts_to(other.phone or "")) == before
    wrong = [
        await browser.post("/console/sign-in", by="code", phone=person.phone or "", code="000000")
        for person in (staff, other)
    ]
    wrong += [
        await browser.sign_in(staff.email or "", "not his"),
        await browser.sign_in(other.email or "", PASSWORD),
        await browser.sign_in("nobody@example.com", PASSWORD),
        await browser.sign_in("nonsense", PASSWORD),
    ]
    assert {answer.status for answer in wrong} == {401}
    assert all("This does not let you in" in text_of(answer) for answer in wrong)
    assert browser.cookies == {}


async def test_who_is_staff_no_more_is_out_at_once(
    browser: Browser, services: Services, database: Any
) -> None:
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    await database.people.change(person.id, {"is_staff": False})
    assert (await browser.get("/console/rooms")).status == 303


async def test_the_cookie_ends_after_a_working_day(
    browser: Browser, services: Services, clock: FakeClock
) -> None:
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    clock.advance(hours=11, minutes=59)
    assert (await browser.get("/console/rooms")).status == 200
    clock.advance(minutes=2)
    assert (await browser.get("/console/rooms")).status == 303


async def test_a_token_of_the_console_is_good_nowhere_else_and_no_other_there(
    browser: Browser, api: Api, services: Services
) -> None:
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    (name, token), *_ = browser.cookies.items()
    assert (await api("GET", "/api/v1/call-requests/", token=f"Token {token}")).status == 403
    browser.cookies = {name: await services.sign_in.give_token(person.id, "heroes")}
    assert (await browser.get("/console/rooms")).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_no_page_of_another_site_changes_anything(
    browser: Browser, services: Services, headers: dict[str, str]
) -> None:
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    assert (await browser.post("/console/sign-out", headers)).status == 403
    assert (await browser.get("/console/rooms")).status == 200


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "x", ""])
async def test_signing_in_leads_to_a_page_of_ours_only(
    browser: Browser, services: Services, back: str
) -> None:
    person = await make_staff(services)
    answer = await browser.post(
        "/console/sign-in", by="password", name=person.email or "", password=PASSWORD, next=back
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/console/rooms")


async def test_too_many_tries_are_slowed_down(
    browser: Browser, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.sign_in, "_limit_per_address", 3)
    answers = [await browser.sign_in("nobody@example.com", "wrong") for _ in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429]
    assert "Retry-After" in answers[3].headers


async def test_guesses_at_one_password_from_everywhere_come_to_an_end_and_a_code_still_lets_in(
    browser: Browser, services: Services, carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.sign_in, "_limit_per_address", 1000)
    person = await make_staff(services)
    for name in (person.email or "", "nobody@example.com"):
        answers = [await browser.sign_in(name.upper() if n % 2 else name, "wrong") for n in range(21)]
        assert [answer.status for answer in answers] == [401] * 20 + [429]
    assert (await browser.sign_in(person.email or "", PASSWORD)).status == 429
    await browser.post("/console/sign-in", by="ask", phone=person.phone or "")
    code = await code_for(services, carrier, person)
    answer = await browser.post("/console/sign-in", by="code", phone=person.phone or "", code=code)
    assert answer.status == 303


async def test_over_https_the_cookie_travels_nowhere_else(
    browser: Browser, services: Services, app: Any
) -> None:
    person = await make_staff(services)
    app.settings["base_url"] = "https://calls.example.com"
    answer = await browser.sign_in(person.email or "", PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-console=")
    assert "secure" in cookie.lower()


async def test_actions_are_shown_page_by_page(api: Api, services: Services) -> None:
    for number in range(60):
        async with services.staff_actions.recorded(
            actor=Actor(None, "Ann <b>"), action="try", subject=f"thing {number}"
        ):
            pass
    page = await api("GET", "/console/actions")
    assert "thing 59" in text_of(page)
    assert "thing 9 " not in text_of(page)
    assert b"Ann &lt;b&gt;" in page.raw
    older = await api("GET", "/console/actions?before=11")
    assert "thing 9 " in text_of(older)
    assert "thing 10 " not in text_of(older)


async def test_an_action_is_written_before_it_is_done_and_completed_with_its_outcome(
    services: Services,
) -> None:
    actor = Actor(None, "Ann")
    async with services.staff_actions.recorded(actor=actor, action="end", subject="conference CF1"):
        (begun,) = (await services.staff_actions.page()).actions
        assert begun.state is ActionState.STARTED
    for error, state in ((CarrierRefused(), ActionState.REFUSED), (ValueError(), ActionState.FAILED)):
        with pytest.raises(type(error)):
            async with services.staff_actions.recorded(actor=actor, action="end", subject="conference CF1"):
                raise error
        assert (await services.staff_actions.page()).actions[0].state is state
    assert (await services.staff_actions.page()).actions[2].state is ActionState.DONE


async def test_assets_are_kept_by_their_tag_and_nothing_else_is_served(api: Api, shut: None) -> None:
    answer = await api("GET", "/console/assets/console.css")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css; charset=UTF-8")
    again = await api("GET", "/console/assets/console.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.raw) == (304, b"")
    for path in ("../base.py", "base.py", "..%2fbase.py", "nothing.css", "_layout.html"):
        assert (await api("GET", f"/console/assets/{path}")).status == 404
