"""The real carrier through the official library, against a stand-in for Twilio on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from tests.fakes.twilio_stand_in import Fault, TwilioStandIn, rfc2822
from thserver.domain import errors
from thserver.domain.ports import Outcome
from thserver.gateways.twilio_carrier import TwilioCarrier

TEXTING_NUMBER = "+12025550199"
PHONE = "+12025550111"
ROOM = "grace-hopper"


def carrier_of(twilio: TwilioStandIn, **more: Any) -> TwilioCarrier:
    options: dict[str, Any] = {
        "account_id": twilio.account_id,
        "auth_tokens": (twilio.auth_token,),
        "from_number": TEXTING_NUMBER,
        "base_url": "https://phone.example.com",
        "api_base": twilio.url,
    }
    return TwilioCarrier(**{**options, **more})


@asynccontextmanager
async def company(**more: Any) -> AsyncIterator[tuple[TwilioStandIn, TwilioCarrier]]:
    async with TwilioStandIn() as twilio:
        carrier = carrier_of(twilio, **more)
        try:
            yield twilio, carrier
        finally:
            await carrier.close()


def hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


async def test_a_text_is_posted_with_its_callback_and_its_life() -> None:
    async with company() as (twilio, carrier):
        sent = await carrier.send_text(
            PHONE, "Your code is 123456", callback_path="/phone/texts/7", valid_for_s=600
        )
        (message,) = twilio.messages.values()
        assert (sent.outcome, sent.provider_id, sent.reason) == (Outcome.DONE, message["sid"], None)
        (request,) = twilio.requests
        assert request.path == f"/2010-04-01/Accounts/{twilio.account_id}/Messages.json"
        assert request.form == {
            "To": [PHONE],
            "From": [TEXTING_NUMBER],
            "Body": ["Your code is 123456"],
            "StatusCallback": ["https://phone.example.com/phone/texts/7#rc=1&rp=5xx,ct,rt&ct=2000&rt=5000"],
            "ValidityPeriod": ["600"],
        }


async def test_the_path_of_the_api_base_is_kept() -> None:
    async with TwilioStandIn() as twilio:
        carrier = carrier_of(twilio, api_base=twilio.url + "/through/a/proxy/")
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        await carrier.close()
        assert sent.outcome is Outcome.FAILED
        assert twilio.requests[0].path.startswith("/through/a/proxy/2010-04-01/Accounts/")


@pytest.mark.parametrize(
    ("number", "reason"), [("+15005550001", "21211"), ("+15005550009", "21614"), ("+12025550610", "21610")]
)
async def test_a_refused_number_fails_with_the_code(number: str, reason: str) -> None:
    async with company() as (twilio, carrier):
        twilio.refused_numbers["+12025550610"] = 21610
        sent = await carrier.send_text(number, "Hello", callback_path="/c")
        assert (sent.outcome, sent.reason) == (Outcome.FAILED, reason)
        assert not twilio.messages


@pytest.mark.parametrize(
    ("fault", "outcome", "stored"),
    [
        (Fault.TOO_MANY, Outcome.RETRY, 0),
        (Fault.ERROR_BEFORE, Outcome.UNKNOWN, 0),
        (Fault.ERROR_AFTER, Outcome.UNKNOWN, 1),
        (Fault.DROP, Outcome.UNKNOWN, 0),
        (Fault.COMMIT_THEN_DROP, Outcome.UNKNOWN, 1),
        (Fault.GARBLED, Outcome.UNKNOWN, 1),
        (Fault.DELAY, Outcome.UNKNOWN, 1),
    ],
)
async def test_each_trouble_has_its_outcome_and_is_never_repeated_by_itself(
    fault: Fault, outcome: Outcome, stored: int
) -> None:
    async with company(timeout_s=0.2) as (twilio, carrier):
        twilio.delay_s = 0.4
        twilio.faults.append(fault)
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        assert sent.outcome is outcome
        assert len(twilio.requests) == 1
        assert len(twilio.messages) == stored
        found = await carrier.find_text(PHONE, "Hello", since=hour_ago())
        assert (found is not None) == bool(stored)


async def test_nobody_listening_means_try_again() -> None:
    socket, port = bind_unused_port(address="127.0.0.1")
    socket.close()
    async with company(api_base=f"http://127.0.0.1:{port}") as (_, carrier):
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        assert sent.outcome is Outcome.RETRY
        with pytest.raises(errors.Unavailable):
            await carrier.call_record("CA" + "0" * 32)


async def test_a_name_that_does_not_resolve_means_try_again() -> None:
    async with company(api_base="http://api.invalid") as (_, carrier):
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        assert sent.outcome is Outcome.RETRY


async def test_while_rotating_the_token_that_works_is_used() -> None:
    async with TwilioStandIn() as twilio:
        carrier = carrier_of(twilio, auth_tokens=("f" * 32, twilio.auth_token))
        assert (await carrier.send_text(PHONE, "One", callback_path="/c")).outcome is Outcome.DONE
        assert (await carrier.send_text(PHONE, "Two", callback_path="/c")).outcome is Outcome.DONE
        assert len(twilio.requests) == 3
        await carrier.close()


async def test_wrong_tokens_are_a_plain_refusal() -> None:
    async with company(auth_tokens=("f" * 32,)) as (_, carrier):
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        assert (sent.outcome, sent.reason) == (Outcome.FAILED, "20003")
        with pytest.raises(errors.Unavailable):
            await carrier.conference_record("CF" + "0" * 32)


async def test_a_text_is_found_by_number_body_and_time() -> None:
    async with company() as (twilio, carrier):
        old = rfc2822(datetime.now(UTC) - timedelta(days=2))
        twilio.new_message(PHONE, TEXTING_NUMBER, "Reminder", date_created=old)
        assert await carrier.find_text(PHONE, "Reminder", since=hour_ago()) is None
        message = twilio.new_message(
            PHONE, TEXTING_NUMBER, "Reminder", status="undelivered", error_code=30003
        )
        for number in range(150):
            twilio.new_message(PHONE, TEXTING_NUMBER, f"Other {number}")
        found = await carrier.find_text(PHONE, "Reminder", since=hour_ago())
        assert found is not None
        assert (found.sid, found.status, found.error_code) == (message["sid"], "undelivered", "30003")
        assert await carrier.find_text("+12025550112", "Reminder", since=hour_ago()) is None


async def test_not_knowing_is_not_the_same_as_not_found() -> None:
    async with company() as (twilio, carrier):
        for fault in (Fault.ERROR_BEFORE, Fault.TOO_MANY, Fault.GARBLED):
            twilio.faults.append(fault)
            with pytest.raises(errors.Unavailable):
                await carrier.find_text(PHONE, "Hello", since=hour_ago())
            twilio.faults.append(fault)
            with pytest.raises(errors.Unavailable):
                await carrier.conferences_named(ROOM, since=hour_ago())


async def test_a_call_is_read_from_its_record() -> None:
    async with company() as (twilio, carrier):
        call = twilio.new_call(PHONE, "+12025550100")
        record = await carrier.call_record(call["sid"])
        assert record is not None
        assert (record.from_number, record.to_number, record.status) == (PHONE, "+12025550100", "in-progress")
        assert record.started_at is not None
        assert record.started_at.tzinfo is not None
        assert record.ended_at is None
        assert await carrier.call_record("CA" + "0" * 32) is None


@pytest.mark.parametrize("sid", ["", "CA", "CA../../Messages", "CF123", "CA1?x=1", "CA1\n"])
async def test_what_is_no_sid_is_never_put_in_a_path(sid: str) -> None:
    async with company() as (twilio, carrier):
        assert await carrier.call_record(sid) is None
        assert await carrier.remove_participant("CF1", sid) is False
        assert twilio.requests == []


async def test_conferences_of_a_name_come_newest_first() -> None:
    async with company() as (twilio, carrier):
        began = datetime.now(UTC).replace(microsecond=0)
        for minutes in (90, 30, 10):
            twilio.new_conference(ROOM, date_created=rfc2822(began - timedelta(minutes=minutes)))
        twilio.new_conference("another-room")
        found = await carrier.conferences_named(ROOM, since=hour_ago())
        assert [conference.created_at for conference in found] == [
            began - timedelta(minutes=10),
            began - timedelta(minutes=30),
        ]


async def test_a_conference_is_ended_and_its_record_tells_why() -> None:
    async with company() as (twilio, carrier):
        conference = twilio.new_conference(ROOM)
        assert await carrier.end_conference(conference["sid"]) is True
        assert await carrier.end_conference(conference["sid"]) is True
        record = await carrier.conference_record(conference["sid"])
        assert record is not None
        assert (record.status, record.reason_ended) == ("completed", "conference-ended-via-api")
        assert await carrier.end_conference("CF" + "0" * 32) is False
        assert await carrier.conference_record("CF" + "0" * 32) is None


async def test_an_end_whose_answer_was_lost_is_looked_up() -> None:
    async with company() as (twilio, carrier):
        conference = twilio.new_conference(ROOM)
        twilio.faults.append(Fault.COMMIT_THEN_DROP)
        assert await carrier.end_conference(conference["sid"]) is True
        other = twilio.new_conference(ROOM)
        twilio.faults.append(Fault.ERROR_BEFORE)
        assert await carrier.end_conference(other["sid"]) is False


async def test_a_participant_is_removed_once() -> None:
    async with company() as (twilio, carrier):
        conference = twilio.new_conference(ROOM)
        call = twilio.new_call(PHONE, "+12025550100")
        twilio.new_participant(conference, call)
        assert await carrier.remove_participant(conference["sid"], call["sid"]) is True
        assert await carrier.remove_participant(conference["sid"], call["sid"]) is False
