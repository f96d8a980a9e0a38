"""Registering and signing in over contract heroes, as its document shows it, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.heroes import PROFILE, HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.heroes.account_makers import REGISTRATION
from tests.makers import mailed_token
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services


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


WRONG: list[tuple[str, Any]] = [
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
]


async def test_a_wrong_field_is_named_and_costs_no_guess(
    client: HeroesClient, database: Database, subtests: pytest.Subtests
) -> None:
    code = (await client("POST", "/accounts/phone-token", {"phone": "5555555555"}, expect=201)).body
    right = {**REGISTRATION, **code}
    for field, value in WRONG:
        with subtests.test(f"{field}-{value!r:.100}"):
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


@each_case("token", [None, "", "x", "0" * 40, "Token ", "é", "a" * 5000])
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


def texted_code_of(carrier: SimulatedCarrier, phone: str) -> str:
    body: str = carrier.texts_to(phone)[-1]["body"]
    assert body.splitlines()[-1].startswith("@www.techheroes.xyz #")
    return body.rpartition("#")[2]
