"""Accounts of contract circles: registering, confirming, signing in, passwords, closing."""

from __future__ import annotations

from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.circle_makers import (
    App,
    entry,
    invite,
    invite_token,
    letters_to,
    mailed,
    make_app,
)
from tests.clients.circles import REGISTRATION, SIGNED_IN, CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver.services.all import Services

EMAIL = REGISTRATION["email"]
THANKS = "Thanks for register with us. You now can login to the DSRT"


@pytest.fixture
def client(api: Api, services: Services) -> CirclesClient:
    return CirclesClient(api)


async def test_register_confirm_and_log_in(client: CirclesClient, services: Services) -> None:
    body = await client.register()
    assert set(body) == {"http_status_code", "message", "user"}
    assert body["message"] == THANKS
    assert set(body["user"]) == SIGNED_IN
    assert {**body["user"], "id": 0} == {
        "id": 0,
        "first_name": "John",
        "last_name": "Smith",
        "full_name": "John Smith",
        "email": "john.doe@example.com",
        "avatar": None,
        "organisation": None,
        "default_password": False,
    }
    token = await mailed(services, EMAIL, length=10)
    answer = await client.post("/registration/confirm", {"token": token})
    assert set(answer) == {"http_status_code", "message"}
    answer = await client.log_in()
    assert set(answer) == {"http_status_code", "message", "user", "access_token"}
    assert answer["message"] == "Login successfully"
    assert answer["user"] == body["user"]
    await client.get("/profile/me")


async def test_a_confirmation_token_is_good_once(client: CirclesClient, services: Services) -> None:
    await client.register()
    token = await mailed(services, EMAIL, length=10)
    await client.post("/registration/confirm", {"token": token})
    await client.post("/registration/confirm", {"token": token}, expect=400, code="BAD_REQUEST")
    await client.post("/registration/confirm", {"token": "0000000000"}, expect=400, code="BAD_REQUEST")


async def test_whoever_has_not_confirmed_is_refused_and_mailed_again_once_a_minute(
    client: CirclesClient, services: Services, clock: FakeClock
) -> None:
    await client.register()
    assert len(await letters_to(services, EMAIL)) == 1
    await client.log_in(expect=403, code="ACCESS_DENINED")
    assert len(await letters_to(services, EMAIL)) == 1
    clock.advance(seconds=61)
    await client.log_in(expect=403, code="ACCESS_DENINED")
    await client.log_in(expect=403, code="ACCESS_DENINED")
    assert len(await letters_to(services, EMAIL)) == 2
    await client.log_in(password="wrong!", expect=401, code="UNAUTHORIZED")
    token = await mailed(services, EMAIL, length=10)
    await client.post("/registration/confirm", {"token": token})
    await client.log_in()


async def test_a_wrong_sign_in_has_the_documented_failure(client: CirclesClient, services: Services) -> None:
    app = await make_app(client.api, services)
    for email, password in (
        (app.email, "wrong"),
        ("nobody@example.com", "secret"),
        ("no address", "secret"),
        (app.email, "x" * 1000),
    ):
        answer = await client.log_in(email, password, expect=401)
        assert answer == {
            "message": "Email or password is invalid",
            "http_status_code": 401,
            "error": {"code": "UNAUTHORIZED"},
        }


@each_case(
    ("changes", "field", "message"),
    [
        ({"first_name": ""}, "first_name", "First name can not be blank"),
        ({"first_name": "   "}, "first_name", "First name can not be blank"),
        ({"first_name": None}, "first_name", "First name can not be blank"),
        ({"first_name": "x" * 26}, "first_name", "First name is too long (maximum is 25 characters)"),
        ({"first_name": 7}, "first_name", "First name is invalid"),
        ({"first_name": "nul\x00"}, "first_name", "First name is invalid"),
        ({"last_name": "x" * 26}, "last_name", "Last name is too long (maximum is 25 characters)"),
        ({"email": ""}, "email", "Email can not be blank"),
        ({"email": "john"}, "email", "Email is invalid"),
        ({"email": {"$ne": None}}, "email", "Email is invalid"),
        ({"email": "x" * 250 + "@example.com"}, "email", "Email is too long (maximum is 255 characters)"),
        ({"password": ""}, "password", "Password can not be blank"),
        ({"password": "12345"}, "password", "Password is too short (minimum is 6 characters)"),
        ({"password": "x" * 129}, "password", "Password is too long (maximum is 128 characters)"),
        ({"password_confirmation": "other"}, "password_confirmation", "Password confirmation doesn't match Password"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_in_the_document_s_words(
    client: CirclesClient, database: Database, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = await client.post(
        "/registration/register", {"user": {**REGISTRATION, **changes}}, expect=400, code="BAD_PARAMETERS"
    )
    assert answer["message"] == "Failed to register. Please check for form errors"
    assert {"field": field, "message": message} in answer["error"]["errors"]
    assert await database.people.with_email(EMAIL) is None


async def test_all_missing_fields_are_named_at_once(client: CirclesClient) -> None:
    assert list(await client.refused("/registration/register", {"user": {}})) == [
        "email",
        "password",
        "first_name",
    ]
    assert list(await client.refused("/registration/register", {})) == ["email", "password", "first_name"]


async def test_the_last_name_and_the_confirmation_may_be_left_out(client: CirclesClient) -> None:
    user = {name: REGISTRATION[name] for name in ("email", "password", "first_name")}
    answer = await client.post("/registration/register", {"user": user})
    assert answer["user"]["last_name"] is None
    assert answer["user"]["full_name"] == "John"


async def test_a_form_with_bracketed_names_is_the_same_as_json(
    client: CirclesClient, services: Services
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    raw = b"user[email]=john.doe%40example.com&user[first_name]=John&user%5Blast_name%5D=Smith&user[password]=secret"
    answer = await client.post("/registration/register", headers=form, raw=raw)
    assert answer["user"]["full_name"] == "John Smith"
    token = await mailed(services, EMAIL, length=10)
    await client.post("/registration/confirm", headers=form, raw=b"token=" + token.encode())
    raw = b"user[email]=John.Doe@example.com&user[password]=secret"
    await client.post("/authentication/login", headers=form, raw=raw)


async def test_registering_a_taken_address_looks_the_same_and_its_owner_gets_a_mail(
    api: Api, services: Services, database: Database
) -> None:
    app = await make_app(api, services, EMAIL)
    before = await letters_to(services, EMAIL)
    stranger = CirclesClient(api)
    taken = await stranger.register(first_name="Eve", email="John.Doe@Example.com")
    fresh = await CirclesClient(api).register(first_name="Eve", email="other@example.com")
    assert stranger.token is None
    assert taken["user"].pop("id") != app.id
    fresh["user"].pop("id")
    assert taken == {**fresh, "user": {**fresh["user"], "email": EMAIL}}
    letters = (await letters_to(services, EMAIL))[len(before) :]
    assert [letter["subject"] for letter in letters] == ["You have an account already"]
    await app.client.log_in(EMAIL)
    person = await database.people.with_email(EMAIL)
    assert person is not None
    assert person.first_name == "John"


async def test_an_owner_takes_back_an_address_that_somebody_else_registered_first(
    api: Api, services: Services, database: Database
) -> None:
    squatter = HeroesClient(api)
    await squatter.register(email=EMAIL, phone="2025550123")
    owner = CirclesClient(api)
    await owner.register()
    token = await mailed(services, EMAIL, length=8)
    await owner.post("/password/reset", {"token": token, "password": "mine-now"})
    await owner.log_in(EMAIL, "mine-now")
    await squatter("GET", "/accounts/profile", expect=403)
    person = await database.people.with_email(EMAIL)
    assert person is not None
    assert person.email_verified
    assert person.phone is None


async def test_the_mail_about_a_taken_address_goes_out_once_a_minute(api: Api, services: Services) -> None:
    await make_app(api, services, EMAIL)
    before = len(await letters_to(services, EMAIL))
    for _ in range(3):
        await CirclesClient(api).register()
        await services.background.idle()
    assert len(await letters_to(services, EMAIL)) == before + 1


async def test_an_invited_person_registers_with_his_token_and_is_signed_in_at_once(
    api: Api, services: Services
) -> None:
    holder = await make_app(api, services)
    await invite(holder, EMAIL)
    token = await invite_token(services, EMAIL)
    client = CirclesClient(api)
    body = await client.register(invite_token=token)
    assert set(body) == {"http_status_code", "message", "user", "access_token"}
    row = (await client.following())[0]
    assert row["account_holder"]["id"] == holder.id
    assert row["invite_token"] == token
    assert (await client.get("/profile/me"))["user"]["email_confirmed"] is True
    # Beside the user it is taken, too.
    await invite(holder, "second@example.com")
    token = await invite_token(services, "second@example.com")
    second = CirclesClient(api)
    user = {**REGISTRATION, "email": "second@example.com"}
    await second.post("/registration/register", {"user": user, "invite_token": token})
    assert second.token is not None


async def test_a_token_of_a_mail_to_another_address_proves_nothing(api: Api, services: Services) -> None:
    holder = await make_app(api, services)
    await invite(holder, "somebody@example.com")
    token = await invite_token(services, "somebody@example.com")
    client = CirclesClient(api)
    for wrong in (token, "x", "0" * 40):
        body = await client.register(email=f"{wrong[:5]}@example.com", invite_token=wrong)
        assert "access_token" not in body


async def test_who_registered_through_heroes_signs_in_here_and_the_other_way_round(
    api: Api, services: Services
) -> None:
    hero = HeroesClient(api)
    await hero.register(email="cam@example.com", phone="2025550123")
    client = CirclesClient(api)
    await client.log_in("cam@example.com", "password1", expect=403, code="ACCESS_DENINED")
    token = await mailed(services, "cam@example.com", length=10)
    await hero("POST", "/accounts/verify-email", {"token": token})
    await client.log_in("cam@example.com", "password1")
    assert (await client.get("/profile/me"))["user"]["first_name"] == "Cam"
    # The token of one contract is good on the other.
    await CirclesClient(api, hero.token).get("/profile/me")
    app = await make_app(api, services, EMAIL)
    other = HeroesClient(api)
    await other.log_in(app.email, "secret")
    await other("GET", "/accounts/profile")


async def test_sign_in_is_limited_per_network_address(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.sign_in, "_limit_per_address", 2)
    client = CirclesClient(api)
    for _ in range(2):
        await client.log_in(expect=401)
    answer = await client.log_in(expect=403, code="ACCESS_DENINED")
    assert answer["message"] == "Too many attempts. Please try again later"


async def test_a_missing_and_a_bad_token_are_the_same_401(client: CirclesClient) -> None:
    for token in (None, "xxx", "x" * 500):
        answer = await CirclesClient(client.api, token).get("/profile/me", expect=401)
        assert answer["error"] == {"code": "ACCESS_TOKEN_INVALID"}


async def test_a_token_counts_in_the_header_only(api: Api, services: Services) -> None:
    app: App = await make_app(api, services)
    await CirclesClient(api).get(f"/profile/me?access_token={app.client.token}", expect=401)


async def test_invited_people_need_not_be_the_ones_who_register(api: Api, services: Services) -> None:
    """Registering without the token leaves the invitation open, and it is found once the address is proven."""
    holder = await make_app(api, services)
    await holder.client.post("/friendship/add_one", {"user": entry(EMAIL, "lifelink")})
    app = await make_app(api, services, EMAIL)
    assert [row["status"] for row in await app.client.following("lifelink")] == ["pending"]
