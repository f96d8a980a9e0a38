"""What staff do to a call, through the official library against the stand-in for Twilio: the requests as they go out."""

from __future__ import annotations

import pytest

from tests.fakes.twilio_stand_in import Fault
from tests.gateways.test_twilio_carrier import PHONE, ROOM, company
from thserver.domain.ports import Outcome
from thserver.gateways.callback_overrides import CONNECTION_OVERRIDES

DIALLED = "+12025550100"
BASE = "https://phone.example.com"


async def test_a_participant_is_muted_and_unmuted_while_he_is_there() -> None:
    async with company() as (twilio, carrier):
        conference = twilio.new_conference(ROOM)
        call = twilio.new_call(PHONE, DIALLED)
        participant = twilio.new_participant(conference, call)
        for muted in (True, False):
            assert await carrier.mute_participant(conference["sid"], call["sid"], muted=muted)
            assert participant["muted"] is muted
        twilio.faults.append(Fault.COMMIT_THEN_DROP)
        assert await carrier.mute_participant(conference["sid"], call["sid"], muted=True)
        twilio.faults.append(Fault.ERROR_BEFORE)
        assert not await carrier.mute_participant(conference["sid"], call["sid"], muted=False)
        await carrier.remove_participant(conference["sid"], call["sid"])
        assert not await carrier.mute_participant(conference["sid"], call["sid"], muted=True)
        assert not await carrier.mute_participant("CF1", "CA/../x", muted=True)


async def test_an_announcement_is_fetched_from_us() -> None:
    async with company() as (twilio, carrier):
        conference = twilio.new_conference(ROOM)
        assert await carrier.announce(conference["sid"], path="/phone/announcements/1/ab")
        assert twilio.requests[-1].form == {
            "AnnounceUrl": [f"{BASE}/phone/announcements/1/ab"],
            "AnnounceMethod": ["POST"],
        }
        await carrier.end_conference(conference["sid"])
        assert not await carrier.announce(conference["sid"], path="/phone/announcements/1/ab")
        assert not await carrier.announce("CF" + "0" * 32, path="/phone/announcements/1/ab")


async def test_a_call_goes_out_from_the_number_that_people_dial() -> None:
    async with company(conference_number=DIALLED) as (twilio, carrier):
        sent = await carrier.place_call(PHONE, path="/phone/x", status_path="/phone/x/status", ring_for_s=25)
        (call,) = twilio.calls.values()
        assert (sent.outcome, sent.provider_id) == (Outcome.DONE, call["sid"])
        assert twilio.requests[-1].form == {
            "To": [PHONE],
            "From": [DIALLED],
            "Url": [f"{BASE}/phone/x{CONNECTION_OVERRIDES}"],
            "Method": ["POST"],
            "FallbackUrl": [f"{BASE}/phone/voice/fallback"],
            "FallbackMethod": ["POST"],
            "StatusCallback": [f"{BASE}/phone/x/status{CONNECTION_OVERRIDES}"],
            "StatusCallbackMethod": ["POST"],
            "StatusCallbackEvent": ["completed"],
            "Timeout": ["25"],
        }


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.COMMIT_THEN_DROP, Outcome.UNKNOWN),
        (Fault.ERROR_BEFORE, Outcome.UNKNOWN),
        (Fault.GARBLED, Outcome.UNKNOWN),
    ],
)
async def test_of_a_call_without_an_answer_nobody_knows_whether_it_rings(
    fault: Fault, outcome: Outcome
) -> None:
    async with company() as (twilio, carrier):
        twilio.faults.append(fault)
        sent = await carrier.place_call(PHONE, path="/phone/x", status_path="/phone/s", ring_for_s=25)
        assert sent.outcome is outcome


async def test_a_number_that_cannot_be_called_is_refused() -> None:
    async with company() as (twilio, carrier):
        sent = await carrier.place_call("+15005550001", path="/x", status_path="/s", ring_for_s=25)
        assert (sent.outcome, sent.reason) == (Outcome.FAILED, "21211")
        assert twilio.calls == {}
