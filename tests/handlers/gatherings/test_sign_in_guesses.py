"""Nobody guesses his way into contract gatherings: codes are counted, end, and are kept sealed."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from config.settings import Settings
from store.database import Database
from tests.cases import each_case
from tests.clients.gatherings import GatheringsClient
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join
from tests.handlers.gatherings.sign_in_makers import PHONE, WRONG, other_than, send
from tests.makers import texted_code
from thserver.services.all import Services

THROTTLED = {"detail": "Request was throttled."}


async def test_after_five_wrong_guesses_the_right_one_is_refused_too(
    app_of: GatheringsClient, join: Join, services: Services, clock: FakeClock
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    code = texted_code(services, ann.phone)
    for nth in range(1, 6):
        body = {"phone": ann.phone, "code": other_than(code, nth)}
        assert (await app_of("POST", "/auth/users/", body, expect=400)).body == WRONG
    answer = await app_of("POST", "/auth/users/", {"phone": ann.phone, "code": code}, expect=429)
    assert answer.body == THROTTLED
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    # A new code would be no help, so none is sent; after an hour it is.
    answer = await app_of("POST", "/auth/code/", {"phone": ann.phone}, expect=429)
    assert answer.body == THROTTLED
    clock.advance(hours=1, seconds=1)
    await send(app_of, ann.phone)
    body = {"phone": ann.phone, "code": texted_code(services, ann.phone)}
    await app_of("POST", "/auth/users/", body, expect=201)


async def test_wrong_guesses_are_not_forgotten_when_a_new_code_is_sent(
    app_of: GatheringsClient, join: Join, services: Services
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    first = texted_code(services, ann.phone)
    for nth in range(1, 5):
        await app_of("POST", "/auth/users/", {"phone": ann.phone, "code": other_than(first, nth)}, expect=400)
    await send(app_of, ann.phone)
    second = texted_code(services, ann.phone)
    wrong = {"phone": ann.phone, "code": other_than(second)}
    assert (await app_of("POST", "/auth/users/", wrong, expect=400)).body == WRONG
    answer = await app_of("POST", "/auth/users/", {"phone": ann.phone, "code": second}, expect=429)
    assert answer.body == THROTTLED


async def test_only_the_newest_code_is_good_and_only_for_five_minutes(
    app_of: GatheringsClient, join: Join, services: Services, clock: FakeClock
) -> None:
    ann = await join()
    codes = []
    for _ in range(3):
        await send(app_of, ann.phone)
        codes.append(texted_code(services, ann.phone))
    if codes[0] != codes[2]:
        body = {"phone": ann.phone, "code": codes[0]}
        assert (await app_of("POST", "/auth/users/", body, expect=400)).body == WRONG
    body = {"phone": ann.phone, "code": codes[2]}
    clock.advance(minutes=5)
    assert (await app_of("POST", "/auth/users/", body, expect=400)).body == WRONG
    await send(app_of, ann.phone)
    clock.advance(minutes=4, seconds=59)
    body["code"] = texted_code(services, ann.phone)
    await app_of("POST", "/auth/users/", body, expect=201)
    assert (await app_of("POST", "/auth/users/", body, expect=400)).body == WRONG


async def test_of_fifty_guesses_at_once_five_are_looked_at_and_one_at_most_is_let_in(
    app_of: GatheringsClient, join: Join, services: Services, database: Database
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    code = texted_code(services, ann.phone)
    guesses = [other_than(code, nth) for nth in range(1, 50)]
    guesses.insert(25, code)
    answers = await asyncio.gather(
        *(app_of("POST", "/auth/users/", {"phone": ann.phone, "code": each}, expect=None) for each in guesses)
    )
    kinds = [answer.status for answer in answers]
    # A guess that was not looked at is throttled, or finds the code spent.
    assert kinds.count(201) <= 1
    if 201 not in kinds:
        assert kinds.count(400) == 5
        assert kinds.count(429) == 45
    kept = await database.codes.get(f"sign-in:{ann.phone}")
    assert kept is not None
    assert kept.failures <= 5


async def test_of_fifty_wrong_guesses_at_once_five_are_looked_at(
    app_of: GatheringsClient, join: Join, services: Services
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    code = texted_code(services, ann.phone)
    answers = await asyncio.gather(
        *(
            app_of("POST", "/auth/users/", {"phone": ann.phone, "code": other_than(code, nth)}, expect=None)
            for nth in range(1, 51)
        )
    )
    assert sorted(answer.status for answer in answers) == [400] * 5 + [429] * 45


async def test_of_ten_who_send_the_right_code_at_once_one_is_let_in(
    app_of: GatheringsClient, join: Join, services: Services
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    body = {"phone": ann.phone, "code": texted_code(services, ann.phone)}
    answers = await asyncio.gather(*(app_of("POST", "/auth/users/", body, expect=None) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 9


@each_case(
    "code",
    [123456, ["123456"], {"$ne": None}, "１２３４５６", "١٢٣٤٥٦", "12 34 56", "1_23456", "12345", "1234567"]
    + ["123456\u0000", "1" * 100_000, "abcdef", "-12345", "1e4567", "0x1234", True],
)  # fmt: skip
async def test_what_can_not_be_a_code_is_no_guess(
    app_of: GatheringsClient, join: Join, services: Services, database: Database, code: Any
) -> None:
    ann = await join()
    await send(app_of, ann.phone)
    answer = await app_of("POST", "/auth/users/", {"phone": ann.phone, "code": code}, expect=400)
    assert answer.body == WRONG
    kept = await database.codes.get(f"sign-in:{ann.phone}")
    assert kept is not None
    assert kept.failures == 0
    body = {"phone": ann.phone, "code": texted_code(services, ann.phone)}
    await app_of("POST", "/auth/users/", body, expect=201)


async def test_a_code_of_another_number_or_purpose_is_wrong(
    app_of: GatheringsClient, join: Join, services: Services
) -> None:
    ann, ben = await join("Ann"), await join("Ben")
    await send(app_of, ann.phone)
    await send(app_of, ben.phone)
    code = texted_code(services, ann.phone)
    if code != texted_code(services, ben.phone):
        answer = await app_of("POST", "/auth/users/", {"phone": ben.phone, "code": code}, expect=400)
        assert answer.body == WRONG
    heroes = await app_of.api("POST", "/api/v1/accounts/phone-token", {"phone": "2025550149"})
    assert heroes.status == 201
    body = {"phone": "+12025550149", "code": heroes.body["phone_token"]}
    assert (await app_of("POST", "/auth/users/", body, expect=400)).body == WRONG


async def test_codes_are_throttled_by_number(app_of: GatheringsClient) -> None:
    for _ in range(5):
        await send(app_of)
    answer = await app_of("POST", "/auth/code/", {"phone": PHONE}, expect=429)
    assert answer.body == THROTTLED
    assert int(answer.headers["Retry-After"]) > 0
    await send(app_of, "+12025550142")


async def test_codes_are_throttled_by_address(app_of: GatheringsClient) -> None:
    for number in range(20):
        await send(app_of, f"+120255502{number:02}")
    answer = await app_of("POST", "/auth/code/", {"phone": "+12025550299"}, expect=429)
    assert answer.body == THROTTLED


class TestWithFewTries:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, limit_auth_per_address_min=3, limit_codes_all_hour=4)

    async def test_guesses_are_throttled_by_address(self, app_of: GatheringsClient, clock: FakeClock) -> None:
        for _ in range(3):
            await app_of("POST", "/auth/users/", {"phone": PHONE, "code": "123456"}, expect=400)
        answer = await app_of("POST", "/auth/users/", {"phone": PHONE, "code": "123456"}, expect=429)
        assert answer.body == THROTTLED
        clock.advance(minutes=1)
        await app_of("POST", "/auth/users/", {"phone": PHONE, "code": "123456"}, expect=400)

    async def test_codes_and_guesses_are_throttled_in_all(
        self, app_of: GatheringsClient, services: Services, clock: FakeClock
    ) -> None:
        phones = [f"+120255501{number}" for number in range(50, 54)]
        for phone in phones:
            await send(app_of, phone)
        assert (await app_of("POST", "/auth/code/", {"phone": PHONE}, expect=429)).body == THROTTLED
        for nth, phone in enumerate(phones):
            clock.advance(minutes=1)
            body = {"phone": phone, "code": other_than(texted_code(services, phone))}
            await app_of("POST", "/auth/users/", body, expect=400 if nth < 4 else 429)
        body["code"] = texted_code(services, phone)
        assert (await app_of("POST", "/auth/users/", body, expect=429)).body == THROTTLED

    async def test_an_upload_is_not_looked_at_beyond_the_limit(self, app_of: GatheringsClient) -> None:
        for _ in range(3):
            await app_of("POST", "/auth/users/", {}, expect=400)
        await app_of.confirm_as_new(PHONE, "Ann", code="123456", expect=429)


async def test_no_code_or_token_is_kept_in_clear(
    app_of: GatheringsClient, services: Services, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="thserver")
    await send(app_of)
    code = texted_code(services, PHONE)
    await app_of.sign_up(PHONE, "Ann", code=code)
    await services.background.idle()
    dump = ""
    for name in await database.people._collection.database.list_collection_names():
        async for document in database.people._collection.database[name].find():
            dump += repr(document)
    assert app_of.token is not None
    for secret in (code, app_of.token):
        assert f"'{secret}'" not in dump
        assert f"#{secret}" not in dump
        assert f"is {secret}" not in dump
    assert app_of.token not in dump + caplog.text
    assert PHONE not in caplog.text
