"""Limits of requests: sixty a minute for each person, ten sign-ins a minute from each address, said on every answer."""

from __future__ import annotations

import dataclasses

import pytest

from config.settings import Settings
from tests.clients.experts import ExpertsClient
from tests.clients.http import Answer, Api
from tests.fakes.clock import FakeClock

LIMIT = 60


def left(answer: Answer) -> int:
    return int(answer.headers["X-RateLimit-Remaining"])


async def test_the_61st_request_within_a_minute_is_refused(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    clock.advance(seconds=30)
    for used in range(1, LIMIT + 1):
        answer = await john("GET", "/credits/balance/")
        assert left(answer) == LIMIT - used
        assert answer.headers["X-RateLimit-Limit"] == "60"
        clock.advance(seconds=0.5)
    refused = await john("GET", "/users/me/", expect=429)
    assert refused.body == {"error": "Too many requests. Try again later."}
    assert refused.headers["X-RateLimit-Limit"] == "60"
    assert refused.headers["X-RateLimit-Reset"] == str(int(clock.now().timestamp()) + 30)
    assert refused.headers["Retry-After"] == "30"
    await jane("GET", "/users/me/")


async def test_the_window_slides(john: ExpertsClient, clock: FakeClock) -> None:
    for _ in range(LIMIT):
        await john("GET", "/credits/balance/")
    clock.advance(seconds=59)
    await john("GET", "/credits/balance/", expect=429)
    clock.advance(seconds=1)
    assert left(await john("GET", "/credits/balance/")) == LIMIT - 1


async def test_a_second_sign_in_of_the_same_person_counts_together(john: ExpertsClient, api: Api) -> None:
    again = ExpertsClient(api)
    await again("POST", "/users/login/", {"username": "johndoe", "password": "securepassword"})
    first = await john("GET", "/users/me/")
    assert left(await again("GET", "/users/me/")) == left(first) - 1


async def test_refused_requests_count_and_say_what_is_left_too(john: ExpertsClient) -> None:
    before = left(await john("GET", "/users/me/"))
    refused = await john("POST", "/meetings/", {}, expect=400)
    assert left(refused) == before - 1
    missing = await john("GET", "/meetings/999999/", expect=404)
    assert left(missing) == before - 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users/me/", 401),
        ("DELETE", "/users/me/", 405),
        ("GET", "/user-skills/what/", 404),
        ("OPTIONS", "/user-skills/", 204),
        ("POST", "/users/login/", 400),
    ],
)
async def test_every_answer_has_the_headers(api: Api, method: str, path: str, status: int) -> None:
    # The client looks for the headers itself.
    await ExpertsClient(api)(method, path, expect=status)


class TestWithTheRealLimitOfSignIns:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, limit_auth_per_address_min=10)

    async def test_the_11th_sign_in_within_a_minute_is_refused(self, api: Api, clock: FakeClock) -> None:
        visitor = ExpertsClient(api)
        wrong = {"username": "johndoe", "password": "wrong"}
        for used in range(1, 11):
            answer = await visitor("POST", "/users/login/", wrong, expect=401)
            assert answer.headers["X-RateLimit-Limit"] == "10"
            assert left(answer) == 10 - used
        refused = await visitor("POST", "/users/login/", wrong, expect=429)
        assert refused.headers["X-RateLimit-Limit"] == "10"
        assert refused.headers["X-RateLimit-Reset"] == str(int(clock.now().timestamp()) + 60)
        await visitor("POST", "/users/register/", {}, expect=429)
        clock.advance(seconds=60)
        await visitor("POST", "/users/login/", wrong, expect=401)

    async def test_broken_bodies_count_as_sign_ins(self, api: Api) -> None:
        visitor = ExpertsClient(api)
        for _ in range(10):
            await visitor("POST", "/users/register/", raw=b"{", expect=400)
        await visitor("POST", "/users/register/", raw=b"{", expect=429)
