"""Calls that the service makes in the simulated phone company, and what staff do to those on the line."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateways.scripted_service import DIALLED, company, room
from thserver.domain.ports import Outcome
from thserver.gateways.simulated_carrier import SimulatedCall, SimulatedCarrier

GUEST = "+12025550122"
HERO = "+12025550111"


async def placed(carrier: SimulatedCarrier, *, ring_for_s: int = 25) -> SimulatedCall:
    sent = await carrier.place_call(GUEST, path="/join", status_path="/over", ring_for_s=ring_for_s)
    call = await carrier.next_ring(GUEST)
    assert (sent.outcome, sent.provider_id) == (Outcome.DONE, call.sid)
    return call


async def test_a_phone_rings_is_answered_and_follows_what_the_service_says() -> None:
    async with company() as (service, carrier):
        service.says("/join", "<Response><Say>Hello</Say></Response>")
        call = await placed(carrier)
        assert (call.from_number, call.status) == (DIALLED, "ringing")
        assert service.requests == []
        assert carrier.answer(call)
        assert not carrier.answer(call)
        await call.ended()
        await carrier.settled()
        assert call.said == ["Hello"]
        asked = service.last("/join")
        assert asked.is_signed
        assert asked.params["Direction"] == "outbound-api"
        assert asked.params["CallStatus"] == "in-progress"
        assert asked.params["To"] == GUEST
        over = service.last("/over")
        assert over.is_signed
        assert over.params["CallStatus"] == "completed"


@pytest.mark.parametrize("declines", [True, False])
async def test_what_is_declined_or_not_answered_ends_and_the_service_is_told(declines: bool) -> None:
    async with company() as (service, carrier):
        call = await placed(carrier, ring_for_s=5)
        if declines:
            call.hang_up()
        await call.ended()
        await carrier.settled()
        assert carrier.ringing_for(GUEST) == []
        assert not carrier.answer(call)
        assert service.paths == ["/over"]
        assert service.last("/over").params["CallStatus"] == ("busy" if declines else "no-answer")


async def test_a_call_is_waited_for() -> None:
    async with company() as (_, carrier):
        waiting = asyncio.create_task(carrier.next_ring(GUEST))
        await asyncio.sleep(0)
        call = await placed(carrier)
        assert await waiting is call
        call.hang_up()


async def test_whoever_is_muted_is_told_of_where_the_conference_asks_for_it() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(statusCallbackEvent="join mute"))
        call = await carrier.dial(HERO)
        sid = (await call.until("joined"))["conference_sid"]
        assert await carrier.mute_participant(sid, call.sid, muted=True)
        assert await carrier.mute_participant(sid, call.sid, muted=True)
        await call.until("muted")
        assert await carrier.mute_participant(sid, call.sid, muted=False)
        assert not await carrier.mute_participant(sid, "CAelse", muted=True)
        await carrier.settled()
        told = [(each.params["StatusCallbackEvent"], each.params["Muted"]) for each in service.all("/events")]
        assert told == [
            ("participant-join", "false"),
            ("participant-mute", "true"),
            ("participant-unmute", "false"),
        ]


async def test_everybody_hears_an_announcement_and_nobody_what_cannot_be_fetched() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        service.says("/announcement", "<Response><Say>Five minutes left.</Say></Response>")
        service.fails("/broken", 500)
        hero, guest = await carrier.dial(HERO), await carrier.dial(GUEST)
        sid = (await hero.until("joined"))["conference_sid"]
        await guest.until("joined")
        assert await carrier.announce(sid, path="/broken")
        assert await carrier.announce(sid, path="/announcement")
        for call in (hero, guest):
            await call.until("said", text="Five minutes left.")
        assert service.last("/announcement").is_signed
        assert await carrier.end_conference(sid)
        assert not await carrier.announce(sid, path="/announcement")
