"""The outbox over the real library, against a carrier on a real socket that fails in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.twilio_stand_in import Fault, TwilioStandIn
from tests.outbox_makers import PHONE, Post, make_post
from thserver.gateways.twilio_carrier import TwilioCarrier


@asynccontextmanager
async def over_twilio(database: Database, clock: FakeClock) -> AsyncIterator[tuple[Post, TwilioStandIn]]:
    async with TwilioStandIn() as twilio:
        twilio.now = lambda: clock.now().replace(microsecond=0)
        carrier = TwilioCarrier(
            account_id=twilio.account_id,
            auth_tokens=[twilio.auth_token],
            from_number="+12025550199",
            base_url="https://phone.example.com",
            api_base=twilio.url,
            timeout_s=0.4,
        )
        try:
            yield make_post(database, clock, carrier=cast(Any, carrier)), twilio
        finally:
            await carrier.close()


MAY_BE_SENT = [Fault.COMMIT_THEN_DROP, Fault.ERROR_AFTER, Fault.DELAY, Fault.GARBLED]


@pytest.mark.parametrize("fault", MAY_BE_SENT)
async def test_a_text_whose_answer_was_lost_is_found_on_the_list_and_not_sent_again(
    database: Database, clock: FakeClock, fault: Fault
) -> None:
    async with over_twilio(database, clock) as (post, twilio):
        twilio.faults.append(fault)
        await post.text()
        await post.settle()
        assert await post.state() == "unknown"
        await post.sweep(minutes=1)
        assert await post.state() == "done"
        await post.sweep(hours=1)
        assert len(twilio.messages) == 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR_BEFORE])
async def test_a_text_that_was_never_taken_is_sent_again_once_that_is_sure(
    database: Database, clock: FakeClock, fault: Fault
) -> None:
    async with over_twilio(database, clock) as (post, twilio):
        twilio.faults.append(fault)
        await post.text()
        await post.settle()
        for _ in range(4):
            await post.sweep(minutes=1)
        assert (await post.state(), len(twilio.messages)) == ("unknown", 0)
        await post.sweep(minutes=1)
        await post.sweep(minutes=1)
        assert (await post.state(), len(twilio.messages)) == ("done", 1)


async def test_too_many_requests_were_surely_not_done(database: Database, clock: FakeClock) -> None:
    async with over_twilio(database, clock) as (post, twilio):
        twilio.faults.extend([Fault.TOO_MANY, Fault.TOO_MANY])
        await post.text()
        await post.settle()
        await post.sweep(seconds=10)
        await post.sweep(seconds=20)
        assert (await post.state(), len(twilio.messages)) == ("done", 1)


async def test_the_carrier_is_told_where_to_report(database: Database, clock: FakeClock) -> None:
    async with over_twilio(database, clock) as (post, twilio):
        await post.text()
        await post.settle()
        row = await post.row()
        (callback,) = twilio.requests[-1].form["StatusCallback"]
        assert callback.startswith(f"https://phone.example.com/phone/texts/{row.ref}/status#")
        assert twilio.requests[-1].form["To"] == [PHONE]
