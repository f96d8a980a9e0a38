"""The simulated phone company against a scripted service on a real socket: calls, retries, restarts."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateways.scripted_service import DIALLED, FakeClock, carrier_for, company, room, scripted
from thserver.domain import errors
from thserver.gateways.simulated_carrier import HIDDEN_NUMBER
from thserver.gateways.simulated_records import Records

HERO = "+12025550111"
GUEST = "+12025550122"


async def test_a_ring_carries_twilios_parameters_and_its_signature() -> None:
    async with company() as (service, carrier):
        service.says("/voice", "<Response><Say>Hello <break/> Grace.</Say></Response>")
        call = await carrier.dial(HERO, stir="A")
        assert (await call.ended())["reason"] == "completed"
        assert call.said == ["Hello Grace."]
        (request,) = service.requests
        assert request.is_signed
        assert request.idempotency_token
        assert (
            request.params.items()
            >= {
                "CallSid": call.sid,
                "AccountSid": service.account_id,
                "From": HERO,
                "Caller": HERO,
                "To": DIALLED,
                "Called": DIALLED,
                "CallStatus": "ringing",
                "Direction": "inbound",
                "ApiVersion": "2010-04-01",
                "FromCountry": "US",
                "StirVerstat": "TN-Validation-Passed-A",
            }.items()
        )


async def test_a_hidden_number_comes_as_anonymous() -> None:
    async with company() as (service, carrier):
        service.says("/voice", "<Response/>")
        await (await carrier.dial(None)).ended()
        assert service.requests[0].params["From"] == HIDDEN_NUMBER
        with pytest.raises(ValueError):
            await carrier.dial("Mallory")


async def test_verbs_are_heard_in_order_and_the_end_of_the_document_hangs_up() -> None:
    async with company() as (service, carrier):
        service.says(
            "/voice",
            '<Response><Say language="de-DE">Hallo</Say><Pause length="2"/><Play>/beep.wav</Play>'
            "<Redirect>/more</Redirect><Say>never</Say></Response>",
        )
        service.says("/more", "<Response><Say>More</Say><Hangup/><Say>never</Say></Response>")
        call = await carrier.dial(HERO)
        end = await call.ended()
        assert call.transcript == [
            {"event": "said", "text": "Hallo", "language": "de-DE"},
            {"event": "played", "url": service.url + "/beep.wav"},
            {"event": "said", "text": "More", "language": "en-US"},
            {"event": "hung_up", "by": "service", "reason": "completed"},
        ]
        assert end == call.transcript[-1]
        assert [request.params["CallStatus"] for request in service.requests] == ["ringing", "in-progress"]


async def test_digits_are_gathered_up_to_the_finish_key() -> None:
    async with company() as (service, carrier):
        gather = '<Gather action="/pin" timeout="60"><Say>Your PIN?</Say></Gather>'
        service.says("/voice", f"<Response>{gather}<Say>never</Say></Response>")
        service.says("/pin", "<Response><Say>Thanks</Say></Response>")
        call = await carrier.dial(HERO)
        call.press("999")  # nobody waits for them yet
        await call.until("gather")
        call.press("12")
        call.press("34#56")
        await call.ended()
        assert call.said == ["Your PIN?", "Thanks"]
        assert service.last("/pin").params.items() >= {"Digits": "1234", "FinishedOnKey": "#"}.items()


async def test_digits_are_gathered_up_to_their_number() -> None:
    async with company() as (service, carrier):
        service.says("/voice", '<Response><Gather numDigits="1" timeout="60" action="/choice"/></Response>')
        service.says("/choice", "<Response/>")
        call = await carrier.dial(HERO)
        await call.until("gather", num_digits=1)
        call.press("2#")
        await call.ended()
        assert service.last("/choice").params.items() >= {"Digits": "2", "FinishedOnKey": ""}.items()


@pytest.mark.parametrize("typed", ["", "#"])
async def test_no_digits_fall_through_to_the_next_verb(typed: str) -> None:
    async with company() as (service, carrier):
        service.says("/voice", '<Response><Gather action="/pin" timeout="1"/><Say>Nothing.</Say></Response>')
        call = await carrier.dial(HERO)
        await call.until("gather")
        call.press(typed)
        await call.ended()
        assert call.said == ["Nothing."]
        assert service.paths == ["/voice"]


async def test_no_digits_are_posted_where_the_action_wants_them() -> None:
    async with company() as (service, carrier):
        service.says(
            "/voice", '<Response><Gather action="/pin" timeout="1" actionOnEmptyResult="true"/></Response>'
        )
        service.says("/pin", "<Response/>")
        await (await carrier.dial(HERO)).ended()
        assert service.last("/pin").params["Digits"] == ""


async def test_a_key_cuts_the_prompt_short() -> None:
    async with company(seconds_per_second=1) as (service, carrier):
        service.says(
            "/voice",
            '<Response><Gather numDigits="1" action="/choice"><Say>Press one.</Say><Pause length="60"/>'
            "<Say>never</Say></Gather></Response>",
        )
        service.says("/choice", "<Response/>")
        call = await carrier.dial(HERO)
        await call.until("said")
        call.press("1")
        await call.ended()
        assert call.said == ["Press one."]
        assert service.last("/choice").params["Digits"] == "1"


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_a_rejected_call_was_never_answered(reason: str, status: str) -> None:
    async with company() as (service, carrier):
        service.says("/voice", f'<Response><Reject reason="{reason}"/></Response>')
        call = await carrier.dial(HERO)
        assert (await call.ended())["reason"] == reason
        record = await carrier.call_record(call.sid)
        assert record is not None
        assert record.status == status


@pytest.mark.parametrize("trouble", [500, 404, "<Response>", "<Nope/>", "json"])
async def test_trouble_leads_to_the_fallback(trouble: int | str) -> None:
    async with company() as (service, carrier):
        if trouble == "json":
            service.says("/voice", "{}", content_type="application/json")
        elif isinstance(trouble, int):
            service.fails("/voice", trouble)
        else:
            service.says("/voice", trouble)
        service.says("/fallback", "<Response><Say>Sorry.</Say></Response>")
        call = await carrier.dial(HERO)
        await call.ended()
        assert call.said == ["Sorry."]
        request = service.last("/fallback")
        assert request.is_signed
        assert request.params["ErrorUrl"] == service.url + "/voice"
        assert int(request.params["ErrorCode"]) in (11200, 12100, 12300)


async def test_without_a_fallback_the_carrier_apologises() -> None:
    async with company() as (service, carrier):
        service.fails("/voice", 500)
        service.fails("/fallback", 500)
        call = await carrier.dial(HERO)
        assert (await call.ended())["by"] == "carrier"
        assert "application error" in call.said[0]
        record = await carrier.call_record(call.sid)
        assert record is not None
        assert record.status == "failed"


async def test_a_document_that_leads_to_itself_for_ever_is_given_up() -> None:
    async with company() as (service, carrier):
        service.says("/voice", "<Response><Redirect/></Response>")
        call = await carrier.dial(HERO)
        assert (await call.ended())["by"] == "carrier"


async def test_a_service_too_slow_for_the_overrides_is_tried_again() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(statusCallback="/events#rc=1&amp;rp=rt&amp;rt=100"))
        service.delays["/events"] = 0.3
        call = await carrier.dial(HERO)
        await call.until("joined")
        await carrier.settled()
        assert [event.params["SequenceNumber"] for event in service.all("/events")] == ["1", "1"]
        assert not carrier.debugger


async def test_get_is_signed_with_its_query() -> None:
    async with company() as (service, carrier):
        service.says("/voice", '<Response><Redirect method="GET">/more?a=b%20c</Redirect></Response>')
        service.says("/more", "<Response><Say>Got it.</Say></Response>")
        call = await carrier.dial(HERO)
        await call.ended()
        assert call.said == ["Got it."]
        request = service.last("/more")
        assert (request.method, request.is_signed) == ("GET", True)
        assert request.params.items() >= {"a": "b c", "CallSid": call.sid}.items()


async def test_a_star_leads_out_of_the_room_where_it_is_asked_for() -> None:
    async with company() as (service, carrier):
        document = room(dial='hangupOnStar="true"').replace("</Response>", "<Say>Menu.</Say></Response>")
        service.says("/voice", document)
        call = await carrier.dial(HERO)
        await call.until("joined")
        call.press("12*")
        await call.ended()
        assert call.said == ["Menu."]


async def test_the_action_is_told_even_when_the_caller_hung_up() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(dial='action="/after"'))
        service.says("/after", "<Response><Say>Nobody hears this.</Say></Response>")
        call = await carrier.dial(HERO)
        await call.until("joined")
        call.hang_up()
        await carrier.close()
        assert (
            service.last("/after").params.items()
            >= {
                "CallStatus": "completed",
                "DialCallStatus": "answered",
            }.items()
        )
        assert call.said == []


async def test_a_new_company_remembers_and_closes_what_was_live(tmp_path: Path) -> None:
    async with scripted() as service:
        records = Records(tmp_path / "before" / "records.sqlite")
        carrier = carrier_for(service, records=records)
        service.says("/voice", room())
        hero, guest = await carrier.dial(HERO), await carrier.dial(GUEST)
        sid = (await hero.until("joined"))["conference_sid"]
        await guest.until("joined")
        guest.hang_up()
        service.clock.advance(minutes=30)
        # While the company runs, another that opens its records leaves them alone.
        beside = carrier_for(service, records=Records(tmp_path / "before" / "records.sqlite"))
        conference = await beside.conference_record(sid)
        assert conference is not None
        assert conference.status == "in-progress"
        assert await beside.end_conference(sid) is False
        # What a kill leaves on the disk.
        shutil.copytree(tmp_path / "before", tmp_path / "after")
        records_again = Records(tmp_path / "after" / "records.sqlite")
        again = carrier_for(service, records=records_again)
        conference = await again.conference_record(sid)
        call = await again.call_record(hero.sid)
        assert conference is not None
        assert call is not None
        assert (conference.status, conference.updated_at) == ("completed", service.clock.now())
        assert (call.status, call.ended_at) == ("completed", service.clock.now())
        (stored,) = records_again.all("conference")
        assert {
            participant["call_sid"]: participant["left_at"] for participant in stored["participants"]
        } == {
            guest.sid: (service.clock.now() - timedelta(minutes=30)).isoformat(),
            hero.sid: service.clock.now().isoformat(),
        }
        assert [
            found.sid for found in await again.conferences_named("grace", since=conference.created_at)
        ] == [sid]
        for each in (carrier, beside, again):
            await each.close()


async def test_records_can_be_out_of_reach() -> None:
    async with company() as (_, carrier):
        carrier.faults.records_unavailable = True
        with pytest.raises(errors.Unavailable):
            await carrier.call_record("CA1")


async def test_closing_ends_calls_and_leaves_nothing_running() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        call = await carrier.dial(HERO)
        await call.until("joined")
        await carrier.close()
        assert call.transcript[-1]["by"] == "carrier"
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "simulated_carrier" in repr(task.get_coro())]


def test_the_fake_clock_starts_where_the_timestamps_say() -> None:
    assert FakeClock().now().isoformat() == "2025-03-01T15:00:00+00:00"
