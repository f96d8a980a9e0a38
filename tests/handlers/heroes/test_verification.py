"""Verifying address and number, and changing or resetting the password, over contract heroes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.clients.heroes import PROFILE, HeroesClient
from tests.fakes.clock import FakeClock
from tests.makers import mailed_token, texted_code
from thserver.services.all import Services


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
