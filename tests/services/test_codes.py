"""Codes in texts and tokens in letters: who gets in, how often, for how long."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from thserver.domain.errors import (
    CarrierRefused,
    CodeDead,
    CodeStillGood,
    CodeWrong,
    Throttled,
    TokenNotFound,
)
from thserver.domain.ports import Outcome, Sent
from thserver.services.codes import NEW_PHONE, NEW_PHONE_DIGITS, REGISTRATION, CodeKind, Codes, TokenKinds

PHONE = "+12025550111"
SIGN_IN = CodeKind(purpose="sign-in", alphabet="0123456789", life=timedelta(minutes=5), replaces=True)
KINDS = TokenKinds.lasting(timedelta(days=7))


class Sender:
    """Keeps what it is given; answers with `outcome`."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.outcome = Outcome.DONE

    async def send_code(self, *, key: str, to: str, body: str, valid_for_s: int) -> Sent:
        self.sent.append({"key": key, "to": to, "body": body, "valid_for_s": valid_for_s})
        return Sent(self.outcome)


@dataclasses.dataclass
class Bench:
    codes: Codes
    sender: Sender
    clock: FakeClock

    async def text(self, kind: CodeKind = REGISTRATION, phone: str = PHONE, **more: Any) -> str:
        return await self.codes.text(kind, phone, **{"address": "198.51.100.1", **more})

    async def outcome(self, code: str, kind: CodeKind = REGISTRATION, phone: str = PHONE, **more: Any) -> str:
        try:
            await self.codes.spend(kind, phone, code, **more)
        except CodeWrong as refusal:
            return refusal.code
        return "right"

    async def fail(self, times: int, kind: CodeKind = REGISTRATION) -> None:
        for _ in range(times):
            assert await self.outcome("wrong!", kind) == "code_wrong"


def make_bench(database: Database, clock: FakeClock, **limits: int) -> Bench:
    sender = Sender()
    codes = Codes(
        database=database,
        clock=clock,
        sender=sender,
        secret_key="a-secret-for-tests-only",
        web_domain="www.example.com",
        countries=("US", "CA"),
        **{"limit_per_phone": 100, "limit_per_address": 1000, "limit_in_all": 2000, **limits},
    )
    return Bench(codes, sender, clock)


@pytest.fixture
def bench(database: Database, clock: FakeClock) -> Bench:
    return make_bench(database, clock)


async def test_a_code_opens_once(bench: Bench) -> None:
    code = await bench.text()
    assert await bench.outcome(code) == "right"
    assert await bench.outcome(code) == "code_wrong"


async def test_the_text_names_the_web_domain_in_its_last_line_and_lives_as_long_as_the_code(
    bench: Bench,
) -> None:
    code = await bench.text()
    text = bench.sender.sent[0]
    assert text["to"] == PHONE
    assert text["body"].splitlines()[-1] == f"@www.example.com #{code}"
    assert "10 minutes" in text["body"]
    assert text["valid_for_s"] == 600
    assert len(code) == 6


async def test_of_two_hundred_guesses_at_once_five_are_looked_at_and_one_gets_in(bench: Bench) -> None:
    for _ in range(3):
        code = await bench.text(SIGN_IN)
        guesses = [f"{n:06}" for n in range(200) if f"{n:06}" != code]
        guesses.insert(100, code)
        outcomes = await asyncio.gather(*(bench.outcome(guess, SIGN_IN) for guess in guesses))
        assert outcomes.count("right") <= 1
        kept = await bench.codes._codes.get(f"sign-in:{PHONE}")
        assert kept is not None
        assert kept.failures <= 5
        assert kept.spent or kept.failures == 5
        bench.clock.advance(hours=2)


async def test_of_two_hundred_wrong_guesses_at_once_five_are_looked_at(bench: Bench) -> None:
    await bench.text()
    outcomes = await asyncio.gather(*(bench.outcome(f"wrong{n}") for n in range(200)))
    assert "right" not in outcomes
    kept = await bench.codes._codes.get(f"registration:{PHONE}")
    assert kept is not None
    assert kept.failures == 5


async def test_the_right_code_sent_ten_times_at_once_gets_in_once(bench: Bench) -> None:
    code = await bench.text()
    outcomes = await asyncio.gather(*(bench.outcome(code) for _ in range(10)))
    assert outcomes.count("right") == 1


async def test_after_five_wrong_guesses_the_right_one_is_dead(bench: Bench) -> None:
    code = await bench.text()
    await bench.fail(5)
    assert await bench.outcome(code) == "code_dead"
    with pytest.raises(CodeDead):
        await bench.codes.spend(REGISTRATION, PHONE, code)


async def test_wrong_guesses_are_not_forgotten_when_a_new_code_is_sent(bench: Bench) -> None:
    await bench.text(SIGN_IN)
    await bench.fail(4, SIGN_IN)
    code = await bench.text(SIGN_IN)
    await bench.fail(1, SIGN_IN)
    assert await bench.outcome(code, SIGN_IN) == "code_dead"


async def test_no_code_is_sent_that_would_be_dead_from_its_first_moment(bench: Bench) -> None:
    await bench.text()
    await bench.fail(5)
    for minutes in (0, 11, 48):
        bench.clock.advance(minutes=minutes)
        with pytest.raises(Throttled) as throttled:
            await bench.text()
        assert 0 < throttled.value.retry_after <= 3601
    assert len(bench.sender.sent) == 1


async def test_wrong_guesses_are_forgotten_after_an_hour(bench: Bench) -> None:
    await bench.text()
    await bench.fail(5)
    bench.clock.advance(hours=1)
    code = await bench.text()
    await bench.fail(4)
    assert await bench.outcome(code) == "right"


async def test_a_code_ends_by_the_clock_and_not_by_the_cleaning_up(bench: Bench) -> None:
    code = await bench.text()
    bench.clock.advance(minutes=9, seconds=59)
    assert await bench.codes._codes.get(f"registration:{PHONE}") is not None
    bench.clock.advance(seconds=1)
    assert await bench.outcome(code) == "code_wrong"


async def test_a_second_code_is_refused_while_the_first_is_good(bench: Bench) -> None:
    await bench.text()
    with pytest.raises(CodeStillGood):
        await bench.text()
    bench.clock.advance(minutes=10)
    code = await bench.text()
    assert len(bench.sender.sent) == 2
    assert await bench.outcome(code) == "right"


async def test_once_a_code_is_spent_a_new_one_may_be_asked_for(bench: Bench) -> None:
    assert await bench.outcome(await bench.text()) == "right"
    assert await bench.outcome(await bench.text()) == "right"


async def test_of_ten_requests_at_once_one_is_texted(bench: Bench) -> None:
    results = await asyncio.gather(*(bench.text() for _ in range(10)), return_exceptions=True)
    codes = [result for result in results if isinstance(result, str)]
    assert len(codes) == len(bench.sender.sent) == 1
    assert all(isinstance(result, (str, CodeStillGood)) for result in results)
    assert await bench.outcome(codes[0]) == "right"


async def test_where_a_new_code_replaces_the_last_only_the_newest_is_good(bench: Bench) -> None:
    first, second, third = [await bench.text(SIGN_IN) for _ in range(3)]
    assert await bench.outcome(first, SIGN_IN) == "code_wrong"
    assert await bench.outcome(second, SIGN_IN) == "code_wrong"
    assert await bench.outcome(third, SIGN_IN) == "right"


async def test_a_code_is_good_for_its_number_its_purpose_and_its_person_only(bench: Bench) -> None:
    code = await bench.text(NEW_PHONE, person_id=1)
    await bench.text(NEW_PHONE, person_id=2)
    await bench.text(NEW_PHONE, "+12025550112", person_id=1)
    await bench.text(REGISTRATION)
    assert await bench.outcome(code, NEW_PHONE, person_id=2) == "code_wrong"
    assert await bench.outcome(code, NEW_PHONE, "+12025550112", person_id=1) == "code_wrong"
    assert await bench.outcome(code, REGISTRATION) == "code_wrong"
    assert await bench.outcome(code, NEW_PHONE, person_id=1) == "right"


async def test_a_contract_may_want_digits(bench: Bench) -> None:
    code = await bench.text(NEW_PHONE_DIGITS, person_id=1)
    assert code.isdecimal()
    assert await bench.outcome(code, NEW_PHONE_DIGITS, person_id=1) == "right"


async def test_one_number_gets_so_many_codes_an_hour(database: Database, clock: FakeClock) -> None:
    bench = make_bench(database, clock, limit_per_phone=2)
    await bench.text(SIGN_IN)
    await bench.text(SIGN_IN)
    with pytest.raises(Throttled) as throttled:
        await bench.text(SIGN_IN, address="203.0.113.9")
    assert throttled.value.retry_after == 3600
    await bench.text(SIGN_IN, "+12025550112")
    clock.advance(hours=1)
    await bench.text(SIGN_IN)
    assert len(bench.sender.sent) == 4


async def test_one_address_asks_for_so_many_codes_an_hour(database: Database, clock: FakeClock) -> None:
    bench = make_bench(database, clock, limit_per_address=2)
    await bench.text(phone="+12025550111")
    await bench.text(phone="+12025550112")
    with pytest.raises(Throttled):
        await bench.text(phone="+12025550113")
    await bench.text(phone="+12025550113", address="203.0.113.9")


async def test_everybody_together_gets_so_many_codes_an_hour(database: Database, clock: FakeClock) -> None:
    bench = make_bench(database, clock, limit_in_all=3)
    for n in range(3):
        await bench.text(phone=f"+1202555011{n}", address=f"198.51.100.{n}")
    with pytest.raises(Throttled):
        await bench.text(phone="+12025550119", address="203.0.113.9")
    assert len(bench.sender.sent) == 3


async def test_a_number_in_a_country_that_is_not_allowed_gets_the_same_answer_and_no_text(
    bench: Bench,
) -> None:
    assert len(await bench.text(phone="+447700900123")) == 6
    assert bench.sender.sent == []
    with pytest.raises(CodeStillGood):
        await bench.text(phone="+447700900123")
    # A made-up number of an allowed country is the carrier's to refuse.
    await bench.text(phone="+15555555555")
    assert len(bench.sender.sent) == 1


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.RETRY])
async def test_when_the_carrier_refuses_no_code_is_left_behind(bench: Bench, outcome: Outcome) -> None:
    await bench.text()
    await bench.fail(3)
    bench.clock.advance(minutes=10)
    bench.sender.outcome = outcome
    for _ in range(2):
        with pytest.raises(CarrierRefused):
            await bench.text()
    assert await bench.codes._codes._collection.count_documents({"hash": {"$exists": True}}) == 0
    # The wrong guesses before are remembered all the same.
    bench.sender.outcome = Outcome.DONE
    code = await bench.text()
    await bench.fail(2)
    assert await bench.outcome(code) == "code_dead"


async def test_a_code_that_may_have_been_sent_stays_good(bench: Bench) -> None:
    bench.sender.outcome = Outcome.UNKNOWN
    assert await bench.outcome(await bench.text()) == "right"


async def test_a_code_spent_in_vain_can_be_given_back(bench: Bench) -> None:
    code = await bench.text()
    assert await bench.outcome(code) == "right"
    await bench.codes.give_back(REGISTRATION, PHONE, "other1")
    assert await bench.outcome(code) == "code_wrong"
    await bench.codes.give_back(REGISTRATION, PHONE, code)
    assert await bench.outcome(code) == "right"


async def test_a_token_is_found_by_itself_and_good_once(bench: Bench) -> None:
    token = await bench.codes.make_token(KINDS.reset_password, 7)
    assert len(token) == 8
    assert (await bench.codes.look_at_token(KINDS.reset_password, token)).person_id == 7
    with pytest.raises(TokenNotFound):
        await bench.codes.look_at_token(KINDS.confirm_address, token)
    results = await asyncio.gather(
        *(bench.codes.spend_token(KINDS.reset_password, token) for _ in range(10)), return_exceptions=True
    )
    assert sum(not isinstance(result, Exception) for result in results) == 1
    with pytest.raises(TokenNotFound):
        await bench.codes.look_at_token(KINDS.reset_password, token)


async def test_a_new_token_ends_the_last_one_of_that_person(bench: Bench) -> None:
    first = await bench.codes.make_token(KINDS.confirm_address, 7, about="a@example.com")
    other = await bench.codes.make_token(KINDS.confirm_address, 8, about="c@example.com")
    second = await bench.codes.make_token(KINDS.confirm_address, 7, about="b@example.com")
    with pytest.raises(TokenNotFound):
        await bench.codes.look_at_token(KINDS.confirm_address, first)
    assert (await bench.codes.look_at_token(KINDS.confirm_address, second)).about == "b@example.com"
    assert (await bench.codes.look_at_token(KINDS.confirm_address, other)).about == "c@example.com"


async def test_tokens_end_when_their_life_is_over(bench: Bench) -> None:
    confirm = await bench.codes.make_token(KINDS.confirm_address, 7)
    reset = await bench.codes.make_token(KINDS.reset_password, 7)
    bench.clock.advance(days=1)
    with pytest.raises(TokenNotFound):
        await bench.codes.spend_token(KINDS.reset_password, reset)
    bench.clock.advance(days=5, hours=23)
    await bench.codes.look_at_token(KINDS.confirm_address, confirm)
    bench.clock.advance(hours=1)
    with pytest.raises(TokenNotFound):
        await bench.codes.look_at_token(KINDS.confirm_address, confirm)


async def test_only_hashes_are_kept(bench: Bench) -> None:
    secrets = [
        await bench.text(),
        await bench.codes.make_token(KINDS.confirm_address, 7),
        await bench.codes.make_token(KINDS.reset_password, 7),
    ]
    kept = str([found async for found in bench.codes._codes._collection.find()])
    assert not [secret for secret in secrets if secret in kept]
