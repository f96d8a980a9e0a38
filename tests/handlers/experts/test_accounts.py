"""Accounts of contract experts where the document says little: names, passwords, phones, other contracts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import make_person, texted_code, token_of
from thserver.services.all import Services

GOOD = {
    "username": "johndoe",
    "email": "john@example.com",
    "password": "securepassword",
    "first_name": "John",
    "last_name": "Doe",
}
REQUIRED = ["This field is required."]


async def test_name_address_and_password_are_required(api: Api) -> None:
    answer = await ExpertsClient(api)("POST", "/users/register/", {}, expect=400)
    assert answer.body == {"errors": {"username": REQUIRED, "email": REQUIRED, "password": REQUIRED}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "john doe"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": ["johndoe"]}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"password": 12345678}, "password"),
        ({"first_name": "J\x00hn"}, "first_name"),
        ({"last_name": {"$gt": ""}}, "last_name"),
    ],
)
async def test_a_bad_registration_names_its_field_and_leaves_nothing(
    api: Api, services: Services, changes: dict[str, Any], field: str
) -> None:
    answer = await ExpertsClient(api)("POST", "/users/register/", {**GOOD, **changes}, expect=400)
    assert list(answer.body["errors"]) == [field]
    await ExpertsClient(api)("POST", "/users/register/", GOOD, expect=201)


@pytest.mark.parametrize(("field", "other"), [("username", "email"), ("email", "username")])
async def test_a_name_or_address_that_is_taken_is_refused(api: Api, field: str, other: str) -> None:
    await ExpertsClient(api)("POST", "/users/register/", GOOD, expect=201)
    again = {**GOOD, other: "another@example.com", field: GOOD[field].upper()}
    answer = await ExpertsClient(api)("POST", "/users/register/", again, expect=400)
    assert answer.body == {"errors": {field: ["This is taken by another user."]}}


async def test_nobody_registers_what_the_document_does_not_let_him_write(
    api: Api, services: Services
) -> None:
    client = ExpertsClient(api)
    body = {**GOOD, "is_staff": True, "balance": 1000, "id": 7, "phone": "+12025550123", "free": 99}
    await client("POST", "/users/register/", body, expect=201)
    person = await services.sign_in.who(client.token or "")
    assert (person.is_staff, person.phone, person.phone_pending) == (False, None, None)
    assert await client.balance() == 1


@pytest.mark.parametrize(
    "body",
    [{"username": "johndoe", "password": "wrong"}, {"username": "nobody", "password": "securepassword"}],
)
async def test_a_wrong_sign_in_is_401_and_tells_nothing(john: ExpertsClient, api: Api, body: Any) -> None:
    answer = await ExpertsClient(api)("POST", "/users/login/", body, expect=401)
    assert answer.body == {"error": "Invalid credentials"}


async def test_no_token_and_a_bad_token_are_401(api: Api) -> None:
    answer = await ExpertsClient(api)("GET", "/users/me/", expect=401)
    assert answer.body == {"error": "Authentication credentials were not provided."}
    for token in ("nonsense", "x" * 5000):
        answer = await ExpertsClient(api, token)("GET", "/users/me/", expect=401)
        assert answer.body == {"error": "Invalid token."}


async def test_a_token_of_another_contract_is_good_here(api: Api, services: Services) -> None:
    person = await make_person(services, first_name="Cam", last_name="Newton")
    client = ExpertsClient(api, await token_of(services, person))
    answer = await client("GET", "/users/me/")
    assert answer.body["first_name"] == "Cam"
    assert answer.body["username"] == person.email
    assert await client.balance() == 1


async def test_the_profile_keeps_what_is_not_sent(john: ExpertsClient) -> None:
    await john("PUT", "/users/me/", {"bio": "Python"})
    changed = await john("PUT", "/users/me/", {"profile_picture": "https://example.com/me.jpg"})
    assert (changed.body["bio"], changed.body["first_name"]) == ("Python", "John")
    emptied = await john("PUT", "/users/me/", {"profile_picture": None, "bio": ""})
    assert (emptied.body["bio"], emptied.body["profile_picture"]) == ("", None)
    unchanged = await john("PUT", "/users/me/", {"username": "king", "email": "a@b.com", "id": 5})
    assert unchanged.body == emptied.body


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"profile_picture": "javascript:alert(1)"}, "profile_picture"),
        ({"profile_picture": 5}, "profile_picture"),
        ({"timezone": "America/Nowhere"}, "timezone"),
        ({"phone": "call me"}, "phone"),
        ({"bio": "x" * 2001}, "bio"),
        ({"bio": None}, "bio"),
    ],
)
async def test_a_bad_profile_names_its_field(
    john: ExpertsClient, changes: dict[str, Any], field: str
) -> None:
    before = (await john("GET", "/users/me/")).body
    answer = await john("PUT", "/users/me/", changes, expect=400)
    assert list(answer.body["errors"]) == [field]
    assert (await john("GET", "/users/me/")).body == before


async def test_a_phone_is_proven_by_the_code_that_it_is_texted(
    john: ExpertsClient, services: Services
) -> None:
    changed = await john("PUT", "/users/me/", {"phone": "2025550123"})
    assert "phone" not in changed.body
    code = texted_code(services, "+12025550123")
    assert code.isdecimal()
    wrong = "000000" if code != "000000" else "111111"
    refused = await john("POST", "/users/verify-phone/", {"code": wrong}, expect=400)
    assert refused.body == {"errors": {"code": ["The code is wrong or has expired."]}}
    answer = await john("POST", "/users/verify-phone/", {"code": code})
    assert answer.body == {"success": True, "message": "Phone verified successfully"}
    person = await services.sign_in.who(john.token or "")
    assert person.phone == "+12025550123"
    await john("POST", "/users/verify-phone/", {"code": code}, expect=400)


async def test_a_number_of_somebody_else_is_refused(john: ExpertsClient, services: Services) -> None:
    other = await make_person(services)
    answer = await john("PUT", "/users/me/", {"phone": other.phone, "bio": "new"}, expect=400)
    assert answer.body == {"errors": {"phone": ["This is taken by another user."]}}
    assert (await john("GET", "/users/me/")).body["bio"] == ""


async def test_availability_is_in_the_zone_that_the_profile_says(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await jane("PUT", "/users/me/", {"timezone": "America/Chicago"})
    body = {"day_of_week": 2, "start_time": "09:00:00", "end_time": "17:00:00"}
    await jane("POST", "/user-availability/", body, expect=201)
    # Tuesday 09:00 in Chicago is 15:00 UTC in winter.
    asked = {"title": "Help", "expert_id": jane.id, "category_id": 1}
    early = {"scheduled_start": "2026-03-03T14:30:00Z", "scheduled_end": "2026-03-03T15:30:00Z"}
    refused = await john("POST", "/meetings/", {**asked, **early}, expect=400)
    assert refused.body == {"errors": {"scheduled_start": ["The expert is not available at this time."]}}
    await john.meet(jane, "2026-03-03T15:00:00Z", "2026-03-03T16:00:00Z")


@pytest.mark.parametrize("day", [0, 7])
async def test_sunday_is_shown_as_it_was_given(john: ExpertsClient, day: int) -> None:
    body = {"day_of_week": day, "start_time": "09:00", "end_time": "17:00"}
    stated = await john("POST", "/user-availability/", body, expect=201)
    assert (stated.body["day_of_week"], stated.body["start_time"]) == (day, "09:00:00")
    body["day_of_week"] = 7 - day
    again = await john("POST", "/user-availability/", body, expect=400)
    assert again.body == {"errors": {"day_of_week": ["This is there already."]}}


async def test_a_skill_stands_once_however_it_is_spelt(john: ExpertsClient) -> None:
    body = {"category": 1, "skill_name": "React", "proficiency_level": "expert"}
    await john("POST", "/user-skills/", body, expect=201)
    for again in ("react", " REACT "):
        answer = await john("POST", "/user-skills/", {**body, "skill_name": again}, expect=400)
        assert answer.body == {"errors": {"skill_name": ["This is there already."]}}
    await john("POST", "/user-skills/", {**body, "category": 2}, expect=201)


async def test_a_category_that_is_not_there_is_said_of_the_field_that_was_sent(john: ExpertsClient) -> None:
    body = {"category": 999, "skill_name": "React", "proficiency_level": "expert"}
    answer = await john("POST", "/user-skills/", body, expect=400)
    assert answer.body == {"errors": {"category": ["Category with this ID does not exist."]}}


async def test_skills_and_availability_are_ones_own(john: ExpertsClient, jane: ExpertsClient) -> None:
    skill = {"category": 1, "skill_name": "React", "proficiency_level": "expert", "user": jane.id}
    assert (await john("POST", "/user-skills/", skill, expect=201)).body["user"] == john.id
    assert (await jane("GET", "/user-skills/")).body == []
    window = {"day_of_week": 1, "start_time": "09:00", "end_time": "10:00", "user": jane.id}
    await john("POST", "/user-availability/", window, expect=201)
    assert (await jane("GET", "/user-availability/")).body == []
