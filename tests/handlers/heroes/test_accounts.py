"""Accounts of contract heroes, route by route as documented, and what clients may send instead."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Settings
from store.database import Database
from tests.clients.heroes import PROFILE, HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import mailed_token, make_person, texted_code
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

IMAGE = "https://media.licdn.com/mpr/mpr/shrink_100_100/p/5/005/040/0cd/008cf89.jpg"
REGISTRATION = {
    "first_name": "Cam",
    "last_name": "Newton",
    "email": "test@test.com",
    "password": "password1",
    "phone": "5555555555",
    "phone_token": "abc123",
    "timezone": "America/Chicago",
}


@pytest.fixture
def client(api: Api, services: Services) -> HeroesClient:
    return HeroesClient(api)


async def test_create_a_phone_token(client: HeroesClient, carrier: SimulatedCarrier) -> None:
    answer = await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)
    assert list(answer.body) == ["phone_token"]
    assert answer.body["phone_token"] == texted_code_of(carrier, "+15555555555")
    assert len(answer.body["phone_token"]) == 6
    answer = await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=400)
    assert list(answer.body) == ["detail"]


async def test_a_phone_token_is_refused_for_a_number_that_belongs_to_somebody(client: HeroesClient) -> None:
    await client.register()
    answer = await client("POST", "/accounts/phone-token", {"phone": "+1 555-555-5555"}, expect=400)
    assert list(answer.body) == ["phone"]


async def test_a_number_that_the_carrier_refuses_gets_424_and_no_token(client: HeroesClient) -> None:
    for _ in range(2):
        answer = await client("POST", "/accounts/phone-token", {"phone": "5005550001"}, expect=424)
        assert list(answer.body) == ["detail"]


async def test_the_phone_token_is_shown_under_debug_only(
    client: HeroesClient, services: Services, monkeypatch: pytest.MonkeyPatch, carrier: SimulatedCarrier
) -> None:
    monkeypatch.setattr(services.people, "_reveal_codes", False)
    answer = await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)
    assert answer.body == {"phone_token": None}
    code = texted_code_of(carrier, "+15555555555")
    await client("POST", "/accounts/register", {**REGISTRATION, "phone_token": code}, expect=201)


async def test_codes_are_limited_per_network_address(client: HeroesClient, services: Services) -> None:
    for n in range(20):
        await client("POST", "/accounts/phone-token", {"phone": f"20255501{n:02}"}, expect=201)
    answer = await client("POST", "/accounts/phone-token", {"phone": "2025550199"}, expect=429)
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


async def test_register_a_new_user(client: HeroesClient, services: Services) -> None:
    body = await client.register()
    assert list(body) == [*PROFILE, "token"]
    assert {name: body[name] for name in PROFILE[1:13]} == {
        "first_name": "Cam",
        "last_name": "Newton",
        "email": "test@test.com",
        "email_verified": False,
        "email_notifications": True,
        "phone": "5555555555",
        "phone_verified": True,
        "profile_image": None,
        "is_active": True,
        "email_pending": "test@test.com",
        "phone_pending": None,
        "timezone": "America/Chicago",
    }
    assert body["created"] == body["updated"] == "2026-03-02T15:00:00.000000Z"
    assert (await client("GET", "/accounts/profile")).body == {name: body[name] for name in PROFILE}
    await services.background.idle()
    letter = services.practice.mail.letters_to("test@test.com")[0]
    token = await mailed_token(services, "test@test.com", length=10)
    assert f"https://www.techheroes.xyz/verify-email/{token}" in letter["text"]
    assert f"https://www.techheroes.xyz/verify-email/{token}" in letter["html"]


async def test_registering_a_taken_address_is_a_conflict(client: HeroesClient) -> None:
    await client.register()
    code = await client("POST", "/accounts/phone-token", {"phone": "2025550111"}, expect=201)
    body = {**REGISTRATION, "email": "Test@Test.com", "phone": "2025550111", **code.body}
    answer = await client("POST", "/accounts/register", body, expect=409)
    assert list(answer.body) == ["detail"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, None) for field in REGISTRATION),
        *((field, 7) for field in REGISTRATION),
        *((field, ["x"]) for field in REGISTRATION),
        *((field, {"$ne": None}) for field in REGISTRATION),
        *((field, "nul\x00") for field in REGISTRATION),
        *((field, "") for field in REGISTRATION),
        *((field, "x" * 3000) for field in REGISTRATION),
        ("email", "no address"),
        ("password", "short1"),
        ("password", "nodigitshere"),
        ("phone", "123"),
        ("phone", "٢٠٢٥٥٥٠١١١"),
        ("timezone", "America/Nowhere"),
        ("timezone", "../../etc/passwd"),
        ("phone_token", "１２３４５６"),
        ("phone_token", "12 345"),
        ("phone_token", "12345"),
        ("phone_token", "1234567"),
        ("phone_token", "ABC123"),
    ],
)
async def test_a_wrong_field_is_named_and_costs_no_guess(
    client: HeroesClient, database: Database, field: str, value: Any
) -> None:
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    right = {**REGISTRATION, **code}
    answer = await client("POST", "/accounts/register", {**right, field: value}, expect=400)
    assert list(answer.body) == [field]
    kept = await database.codes.get("registration:+15555555555")
    assert kept is not None
    assert (kept.failures, kept.spent) == (0, False)
    await client("POST", "/accounts/register", right, expect=201)


async def test_all_missing_fields_are_named_at_once(client: HeroesClient) -> None:
    answer = await client("POST", "/accounts/register", {}, expect=400)
    assert sorted(answer.body) == sorted(REGISTRATION)


async def test_five_wrong_tokens_kill_a_phone_token(client: HeroesClient, clock: FakeClock) -> None:
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    for n in range(5):
        wrong = {**REGISTRATION, "phone_token": f"wrong{n}"}
        answer = await client("POST", "/accounts/register", wrong, expect=400)
        assert list(answer.body) == ["phone_token"]
    await client("POST", "/accounts/register", {**REGISTRATION, **code}, expect=400)
    clock.advance(minutes=11)
    await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=429)
    clock.advance(hours=1)
    await client.register()


async def test_an_expired_phone_token_registers_nobody(client: HeroesClient, clock: FakeClock) -> None:
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    clock.advance(minutes=10)
    answer = await client("POST", "/accounts/register", {**REGISTRATION, **code}, expect=400)
    assert list(answer.body) == ["phone_token"]


async def test_nobody_writes_a_field_that_is_not_his(client: HeroesClient, database: Database) -> None:
    mine = {"is_staff": True, "id": "1", "_id": 1, "slug": "x", "email_verified": True, "uuid": "x"}
    body = await client.register(**mine, balance=100, tokens=[], password_hash="x")
    assert not body["email_verified"]
    hero = {"accepted": True, "listed": True, "person_id": 1}
    changed = await client("PATCH", "/accounts/profile", {**mine, **hero, "phone_verified": False})
    assert changed.body == {name: body[name] for name in PROFILE}
    stored = await database.people._collection.find_one({"email": "test@test.com"})
    assert stored is not None
    assert not stored["is_staff"]
    assert not {"balance", "accepted", "listed", "person_id", "slug"} & set(stored)


async def test_login_a_user(client: HeroesClient, clock: FakeClock) -> None:
    registered = await client.register()
    clock.advance(days=2)
    body = await HeroesClient(client.api).log_in("TEST@test.com")
    assert list(body) == [*PROFILE, "token"]
    assert {**body, "token": ""} == {**registered, "token": ""}
    assert body["token"] != registered["token"]
    # Both tokens are good.
    await client("GET", "/accounts/profile")
    await HeroesClient(client.api, body["token"])("GET", "/accounts/profile")


@pytest.mark.parametrize(
    "credentials",
    [
        {"email": "test@test.com", "password": "password2"},
        {"email": "nobody@test.com", "password": "password1"},
        {"email": "test@test.com", "password": "p" * 1000},
    ],
)
async def test_wrong_credentials_are_refused_alike(client: HeroesClient, credentials: dict[str, str]) -> None:
    await client.register()
    answer = await HeroesClient(client.api)("POST", "/accounts/login", credentials, expect=403)
    assert answer.body == {"detail": "Email and/or password are incorrect."}


@pytest.mark.parametrize("password", ["", "nul\x00word1", "p" * 1_000_000, 12345678, None, ["password1"]])
async def test_a_password_of_no_possible_form_is_not_even_hashed(
    client: HeroesClient, services: Services, monkeypatch: pytest.MonkeyPatch, password: Any
) -> None:
    async def never(*_: Any) -> bool:
        raise AssertionError("it was hashed")

    monkeypatch.setattr(services.sign_in._hasher, "verify", never)
    body = {"email": "test@test.com", "password": password}
    answer = await client("POST", "/accounts/login", body, expect=None)
    assert answer.status in (400, 413)


async def test_sign_in_is_limited_per_network_address(
    client: HeroesClient, services: Services, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    await client.register()
    monkeypatch.setattr(services.sign_in, "_limit_per_address", 3)
    clock.advance(minutes=1)
    body = {"email": "test@test.com", "password": "password1"}
    statuses = [(await client("POST", "/accounts/login", body, expect=None)).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    answer = await client("POST", "/accounts/register", REGISTRATION, expect=429)
    assert answer.headers["Retry-After"] == "60"
    clock.advance(minutes=1)
    await client.log_in()


async def test_a_hundred_sign_ins_at_once_hold_nobody_up(client: HeroesClient) -> None:
    await client.register()
    body = {"email": "test@test.com", "password": "password1"}
    answers, health = await asyncio.gather(
        asyncio.gather(*(client("POST", "/accounts/login", body, expect=None) for _ in range(100))),
        client.api("GET", "/healthz"),
    )
    assert health.status == 200
    assert {answer.status for answer in answers} <= {200, 503}


async def test_logout_a_user(client: HeroesClient) -> None:
    first = await client.register()
    second = HeroesClient(client.api)
    await second.log_in()
    answer = await client("DELETE", "/accounts/logout", expect=204)
    assert answer.raw == b""
    answer = await client("GET", "/accounts/profile", expect=403)
    assert answer.body == {"detail": "Invalid token."}
    assert first["token"] == client.token
    await second("GET", "/accounts/profile")


@pytest.mark.parametrize("token", [None, "", "x", "0" * 40, "Token ", "é", "a" * 5000])
async def test_without_a_good_token_nothing_of_ones_own_is_answered(api: Api, token: str | None) -> None:
    client = HeroesClient(api, token)
    for method, path in (
        ("GET", "/accounts/profile"),
        ("PATCH", "/accounts/profile"),
        ("DELETE", "/accounts/logout"),
        ("POST", "/accounts/verify-email"),
        ("POST", "/accounts/verify-phone"),
        ("POST", "/accounts/change-password"),
        ("POST", "/accounts/get-time"),
        ("POST", "/heroes/apply"),
        ("GET", "/heroes/profile"),
        ("PATCH", "/heroes/profile"),
        ("POST", "/heroes/accept"),
        ("POST", "/heroes/decline"),
    ):
        answer = await client(method, path, {}, expect=403)
        assert list(answer.body) == ["detail"]


async def test_a_token_is_good_for_so_many_days(client: HeroesClient, clock: FakeClock) -> None:
    await client.register()
    clock.advance(days=29, hours=23)
    await client("GET", "/accounts/profile")
    clock.advance(hours=1)
    await client("GET", "/accounts/profile", expect=403)


async def test_get_the_users_profile(client: HeroesClient) -> None:
    await client.register()
    answer = await client("GET", "/accounts/profile/")
    assert list(answer.body) == PROFILE


async def test_update_the_users_profile(client: HeroesClient, services: Services, clock: FakeClock) -> None:
    await client.register()
    clock.advance(hours=1)
    answer = await client(
        "PATCH",
        "/accounts/profile",
        {
            "email": "bradytime@gmail.com",
            "first_name": "Tom",
            "last_name": "Brady",
            "is_active": False,
            "email_notifications": False,
            "phone": "1234567890",
            "profile_image": IMAGE,
        },
    )
    assert list(answer.body) == PROFILE
    assert {name: answer.body[name] for name in PROFILE[1:13]} == {
        "first_name": "Tom",
        "last_name": "Brady",
        "email": "test@test.com",
        "email_verified": False,
        "email_notifications": False,
        "phone": None,
        "phone_verified": False,
        "profile_image": IMAGE,
        "is_active": False,
        "email_pending": "bradytime@gmail.com",
        "phone_pending": "1234567890",
        "timezone": "America/Chicago",
    }
    assert answer.body["updated"] == "2026-03-02T16:00:00.000000Z"
    assert (await client("GET", "/accounts/profile")).body == answer.body
    # Codes reach him although he is not active; signing in still works.
    assert texted_code(services, "+11234567890")
    assert await mailed_token(services, "bradytime@gmail.com", length=10)
    await HeroesClient(client.api).log_in()


async def test_the_zone_can_be_changed_and_the_picture_taken_away(client: HeroesClient) -> None:
    await client.register()
    await client("PATCH", "/accounts/profile", {"profile_image": IMAGE, "timezone": "Europe/Berlin"})
    for nothing in (None, ""):
        answer = await client("PATCH", "/accounts/profile", {"profile_image": nothing})
        assert (answer.body["profile_image"], answer.body["timezone"]) == (None, "Europe/Berlin")


async def test_an_empty_change_changes_nothing(client: HeroesClient, clock: FakeClock) -> None:
    body = await client.register()
    clock.advance(hours=1)
    answer = await client("PATCH", "/accounts/profile", {"email": "test@test.com", "phone": "5555555555"})
    assert answer.body["phone"] == "5555555555"
    answer = await client("PATCH", "/accounts/profile", {})
    assert answer.body["email"] == body["email"]


async def test_what_is_taken_is_named_and_nothing_is_changed(
    client: HeroesClient, services: Services
) -> None:
    other = await make_person(services, email="other@test.com", phone="+12025550111")
    assert other.phone
    before = await client.register()
    answer = await client(
        "PATCH",
        "/accounts/profile",
        {"email": "other@test.com", "phone": "2025550111", "first_name": "Tom"},
        expect=400,
    )
    assert sorted(answer.body) == ["email", "phone"]
    assert (await client("GET", "/accounts/profile")).body == {name: before[name] for name in PROFILE}


async def test_nothing_is_changed_when_the_carrier_refuses(client: HeroesClient) -> None:
    before = await client.register()
    body = {"phone": "5005550001", "first_name": "Tom"}
    await client("PATCH", "/accounts/profile", body, expect=424)
    assert (await client("GET", "/accounts/profile")).body == {name: before[name] for name in PROFILE}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", None),
        ("first_name", ""),
        ("first_name", None),
        ("last_name", {"$set": 1}),
        ("last_name", "x\x00y"),
        ("first_name", "x" * 2001),
        ("is_active", "maybe"),
        ("is_active", 1),
        ("is_active", None),
        ("email_notifications", [True]),
        ("phone", "555"),
        ("phone", None),
        ("profile_image", "javascript:alert(1)"),
        ("profile_image", 5),
        ("timezone", "Mars/Olympus"),
    ],
)
async def test_a_profile_takes_only_what_fits(client: HeroesClient, field: str, value: Any) -> None:
    before = await client.register()
    answer = await client("PATCH", "/accounts/profile", {"first_name": "Tom", field: value}, expect=400)
    assert list(answer.body) == [field]
    assert (await client("GET", "/accounts/profile")).body == {name: before[name] for name in PROFILE}


async def test_verify_a_users_email(client: HeroesClient, services: Services) -> None:
    await client.register()
    token = await mailed_token(services, "test@test.com", length=10)
    answer = await client("POST", "/accounts/verify-email", {"token": token})
    assert list(answer.body) == PROFILE
    assert answer.body["email_verified"]
    assert answer.body["email_pending"] is None
    answer = await client("POST", "/accounts/verify-email", {"token": token}, expect=404)
    assert answer.body == {"detail": "The token is invalid or expired."}


async def test_a_changed_email_stays_the_old_one_until_it_is_verified(
    client: HeroesClient, services: Services
) -> None:
    await client.register()
    token = await mailed_token(services, "test@test.com", length=10)
    await client("POST", "/accounts/verify-email", {"token": token})
    answer = await client("PATCH", "/accounts/profile", {"email": "bradytime@gmail.com"})
    assert answer.body["email"] == "test@test.com"
    assert answer.body["email_pending"] == "bradytime@gmail.com"
    assert not answer.body["email_verified"]
    token = await mailed_token(services, "bradytime@gmail.com", length=10)
    answer = await client("POST", "/accounts/verify-email", {"token": token})
    assert answer.body["email"] == "bradytime@gmail.com"
    await HeroesClient(client.api).log_in("bradytime@gmail.com")


async def test_an_email_token_is_good_for_its_owner_and_its_time_only(
    client: HeroesClient, services: Services, clock: FakeClock
) -> None:
    await client.register()
    token = await mailed_token(services, "test@test.com", length=10)
    other = HeroesClient(client.api)
    await other.register(email="other@test.com", phone="2025550111")
    await other("POST", "/accounts/verify-email", {"token": token}, expect=404)
    await other("POST", "/accounts/verify-email", {"token": "0123456789"}, expect=404)
    for shape in ("short", "", None, 1234567890, ["0123456789"], "０１２３４５６７８９", "ABCDEFGHIJ"):
        answer = await other("POST", "/accounts/verify-email", {"token": shape}, expect=400)
        assert list(answer.body) == ["token"]
    clock.advance(days=7)
    await client("POST", "/accounts/verify-email", {"token": token}, expect=404)


async def test_verify_a_users_phone(client: HeroesClient, services: Services) -> None:
    await client.register()
    await client("PATCH", "/accounts/profile", {"phone": "1234567890"})
    code = texted_code(services, "+11234567890")
    answer = await client("POST", "/accounts/verify-phone", {"token": code})
    assert list(answer.body) == PROFILE
    assert (answer.body["phone"], answer.body["phone_pending"]) == ("1234567890", None)
    await client("POST", "/accounts/verify-phone", {"token": code}, expect=404)
    # The number that he gave up is free.
    await HeroesClient(client.api).register(email="other@test.com")


async def test_five_wrong_phone_tokens_are_all_that_is_looked_at(
    client: HeroesClient, services: Services
) -> None:
    await client.register()
    await client("PATCH", "/accounts/profile", {"phone": "1234567890"})
    code = texted_code(services, "+11234567890")
    for shape in (123456, [code], {"$ne": None}, "１２３４５６", "12 34 56", "1_23456", "12345", "1" * 1000):
        answer = await client("POST", "/accounts/verify-phone", {"token": shape}, expect=400)
        assert list(answer.body) == ["token"]
    guesses = [f"wro{n:03}" for n in range(40)]
    answers = await asyncio.gather(
        *(client("POST", "/accounts/verify-phone", {"token": guess}, expect=404) for guess in guesses)
    )
    assert len(answers) == 40
    await client("POST", "/accounts/verify-phone", {"token": code}, expect=404)


async def test_change_the_users_password(client: HeroesClient) -> None:
    await client.register(password="oldpass1")
    other = HeroesClient(client.api)
    await other.log_in(password="oldpass1")
    body = {"old_password": "oldpass1", "new_password": "newpass1"}
    answer = await client("POST", "/accounts/change-password", body)
    assert answer.raw == b""
    await client("GET", "/accounts/profile")
    await other("GET", "/accounts/profile", expect=403)
    await HeroesClient(client.api).log_in(password="newpass1")
    login = {"email": "test@test.com", "password": "oldpass1"}
    await HeroesClient(client.api)("POST", "/accounts/login", login, expect=403)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"old_password": "wrongpass1", "new_password": "newpass1"}, "old_password"),
        ({"old_password": "password1", "new_password": "short1"}, "new_password"),
        ({"old_password": "password1", "new_password": "nodigitshere"}, "new_password"),
        ({"old_password": "password1"}, "new_password"),
        ({"new_password": "newpass1"}, "old_password"),
        ({"old_password": 1, "new_password": "newpass1"}, "old_password"),
    ],
)
async def test_a_password_is_not_changed_by_a_wrong_request(
    client: HeroesClient, body: dict[str, Any], field: str
) -> None:
    await client.register()
    answer = await client("POST", "/accounts/change-password", body, expect=400)
    assert list(answer.body) == [field]
    await client.log_in()


async def test_request_and_reset_a_password(client: HeroesClient, services: Services) -> None:
    await client.register()
    await client(
        "POST", "/accounts/verify-email", {"token": await mailed_token(services, "test@test.com", length=10)}
    )
    stranger = HeroesClient(client.api)
    answer = await stranger("POST", "/accounts/request-password", {"email": "test@test.com"})
    assert answer.body == {"detail": "A reset code has been sent to your email address."}
    token = await mailed_token(services, "test@test.com", length=8)
    body = {"token": token, "new_password": "newpass1"}
    answer = await stranger("POST", "/accounts/reset-password", body)
    assert list(answer.body) == [*PROFILE, "token"]
    await stranger("GET", "/accounts/profile")
    await client("GET", "/accounts/profile", expect=403)
    await stranger("POST", "/accounts/reset-password", body, expect=404)
    await HeroesClient(client.api).log_in(password="newpass1")


async def test_a_reset_is_mailed_to_verified_addresses_only(client: HeroesClient) -> None:
    await client.register()
    for email in ("test@test.com", "nobody@test.com"):
        await client("POST", "/accounts/request-password", {"email": email}, expect=404)
    answer = await client("POST", "/accounts/request-password", {"email": "x"}, expect=400)
    assert list(answer.body) == ["email"]


async def test_a_reset_token_must_have_its_form_and_be_known(client: HeroesClient) -> None:
    body = {"token": "12dfg2we", "new_password": "newpass1"}
    await client("POST", "/accounts/reset-password", body, expect=404)
    await client("POST", "/accounts/reset-password", {**body, "new_password": "x"}, expect=400)
    await client("POST", "/accounts/reset-password", {**body, "token": "12DFG2WE"}, expect=400)


async def test_get_a_users_local_time(client: HeroesClient, services: Services) -> None:
    await client.register()
    other = await make_person(services, timezone="America/Chicago")
    body = {"user_id": other.uuid, "utc_datetime": "2016-12-19T19:27:00.066963Z"}
    answer = await client("POST", "/accounts/get-time", body)
    assert answer.body == {"user_local_datetime": "2016-12-19T13:27:00.066963Z"}
    summer = {"user_id": other.uuid.upper(), "utc_datetime": "2016-07-19T19:27:00Z"}
    answer = await client("POST", "/accounts/get-time", summer)
    assert answer.body == {"user_local_datetime": "2016-07-19T14:27:00.000000Z"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", "3464941c-eb34-4bc8-83ef-673c3d829641"),
        ("user_id", "1"),
        ("user_id", 1),
        ("user_id", None),
        ("user_id", {"$gt": ""}),
        ("utc_datetime", "yesterday"),
        ("utc_datetime", "2016-02-30T00:00:00Z"),
        ("utc_datetime", "0001-01-01T00:00:00+14:00"),
        ("utc_datetime", "9999-12-31T23:59:59Z"),
        ("utc_datetime", 1482175620),
    ],
)
async def test_local_time_names_the_field_that_is_wrong(client: HeroesClient, field: str, value: Any) -> None:
    me = await client.register()
    body = {"user_id": me["id"], "utc_datetime": "2016-12-19T19:27:00.066963Z", field: value}
    answer = await client("POST", "/accounts/get-time", body, expect=400)
    assert list(answer.body) == [field]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b'{"phone": ',
        b'\xef\xbb\xbf{"phone": "5555555555"}',
        '{"phone": "5555555555"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"phone": NaN}',
        b'{"phone": 1e400}',
        b'{"phone": ' + b"9" * 5000 + b"}",
        b'{"phone": "5555555555"} junk',
        b'{"phone": "\\ud800"}',
        b'{"phone": "\xff"}',
    ],
    ids=lambda raw: repr(raw[:20]),
)
async def test_a_body_that_is_no_json_object_is_refused_and_stores_nothing(
    client: HeroesClient, database: Database, raw: bytes
) -> None:
    for path in (
        "/accounts/phone-token",
        "/accounts/register",
        "/accounts/login",
        "/accounts/request-password",
    ):
        await client("POST", path, raw=raw, expect=400)
    assert await database.codes._collection.count_documents({}) == 0
    assert await database.people._collection.count_documents({}) == 0


async def test_a_body_of_a_megabyte_and_more_is_refused(client: HeroesClient) -> None:
    raw = b'{"phone": "' + b"5" * 1_100_000 + b'"}'
    await client("POST", "/accounts/phone-token", raw=raw, expect=413)


async def test_forms_are_read_too(client: HeroesClient) -> None:
    await client(
        "POST",
        "/accounts/phone-token",
        raw=b"phone=5555555555",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        expect=201,
    )


async def test_no_secret_of_a_whole_journey_is_kept_or_logged(
    client: HeroesClient,
    services: Services,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ["s3cret-passw0rd", "n3w-passw0rd"]
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    body = {**REGISTRATION, **code, "password": secrets[0]}
    secrets += [code["phone_token"]]
    secrets += [(await client("POST", "/accounts/register", body, expect=201)).body["token"]]
    secrets += [await mailed_token(services, "test@test.com", length=10)]
    await client("POST", "/accounts/verify-email", {"token": secrets[-1]})
    await client("PATCH", "/accounts/profile", {"phone": "2025550111", "email": "new@test.com"})
    secrets += [
        texted_code(services, "+12025550111"),
        await mailed_token(services, "new@test.com", length=10),
    ]
    await client("POST", "/accounts/verify-email", {"token": secrets[-1]})
    await client("POST", "/accounts/request-password", {"email": "new@test.com"})
    secrets += [await mailed_token(services, "new@test.com", length=8)]
    change = {"token": secrets[-1], "new_password": secrets[1]}
    secrets += [(await client("POST", "/accounts/reset-password", change)).body["token"]]
    await services.background.idle()
    kept = [
        str(document)
        for name in await database._database.list_collection_names()
        async for document in database._database[name].find()
    ]
    assert len(kept) > 5
    dump, log = "\n".join(kept), caplog.text
    assert len(secrets) == 9
    assert [secret for secret in secrets if secret in dump or secret in log] == []
    assert "Traceback" not in log
    assert dataclasses.asdict(settings)["secret_key"] not in dump


async def test_times_are_utc_with_six_digits(client: HeroesClient, clock: FakeClock) -> None:
    clock.set(datetime(2026, 7, 1, 23, 59, 59, 123000, tzinfo=UTC))
    assert (await client.register())["created"] == "2026-07-01T23:59:59.123000Z"


def texted_code_of(carrier: SimulatedCarrier, phone: str) -> str:
    body: str = carrier.texts_to(phone)[-1]["body"]
    assert body.splitlines()[-1].startswith("@www.techheroes.xyz #")
    return body.rpartition("#")[2]
