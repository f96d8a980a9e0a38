"""The simulated phone company against a scripted service on a real socket: calls, rooms and their callbacks."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateways.scripted_service import DIALLED, TEXTING, FakeClock, ScriptedService, scripted
from thserver.domain import errors
from thserver.gateways.simulated_carrier import HIDDEN_NUMBER, SimulatedCarrier
from thserver.gateways.simulated_records import Records

HERO = "+12025550111"
GUEST = "+12025550122"
IN_ORDER = [
    "participant-join",
    "participant-join",
    "conference-start",
    "participant-leave",
    "participant-leave",
    "conference-end",
]


def carrier_for(
    service: ScriptedService, *, records: Records | None = None, seconds_per_second: float = 100
) -> SimulatedCarrier:
    return SimulatedCarrier(
        records=records or Records(None),
        clock=service.clock,
        account_id=service.account_id,
        auth_token=service.auth_token,
        base_url=service.url,
        voice_url=service.url + "/voice",
        voice_fallback_url=service.url + "/fallback",
        text_url=service.url + "/text",
        text_number=TEXTING,
        conference_number=DIALLED,
        seconds_per_second=seconds_per_second,
    )


@asynccontextmanager
async def company(**more: float) -> AsyncIterator[tuple[ScriptedService, SimulatedCarrier]]:
    async with scripted() as service:
        carrier = carrier_for(service, **more)
        try:
            yield service, carrier
        finally:
            await carrier.close()


def room(name: str = "grace", dial: str = "", **attributes: str) -> str:
    """TwiML that puts the caller into a conference."""
    given = {"statusCallback": "/events#rc=1&amp;rp=5xx,ct,rt", "statusCallbackEvent": "start end join leave"}
    given |= {"waitUrl": "", **attributes}
    words = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Response><Dial {dial}><Conference {words}>{name}</Conference></Dial></Response>"


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


async def test_two_meet_and_six_events_come_in_order() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        hero = await carrier.dial(HERO)
        joined = await hero.until("joined", room="grace")
        service.clock.advance(minutes=1)
        guest = await carrier.dial(GUEST)
        await guest.until("joined")
        await hero.until("beep")
        record = await carrier.conference_record(joined["conference_sid"])
        assert record is not None
        assert record.status == "in-progress"
        service.clock.advance(minutes=20)
        guest.hang_up()
        hero.hang_up()
        await carrier.settled()
        events = service.all("/events")
        assert all(event.is_signed for event in events)
        assert [event.params["StatusCallbackEvent"] for event in events] == IN_ORDER
        assert [event.params["SequenceNumber"] for event in events] == ["1", "2", "3", "4", "5", "6"]
        assert {event.params["ConferenceSid"] for event in events} == {joined["conference_sid"]}
        assert events[0].params["CallSid"] == hero.sid
        assert events[0].params["Timestamp"] == "Sat, 01 Mar 2025 15:00:00 +0000"
        assert events[1].params["Timestamp"] == "Sat, 01 Mar 2025 15:01:00 +0000"
        assert (
            events[3].params.items()
            >= {
                "CallSid": guest.sid,
                "ReasonParticipantLeft": "participant_hung_up",
                "ParticipantCallStatus": "completed",
                "Timestamp": "Sat, 01 Mar 2025 15:21:00 +0000",
            }.items()
        )
        assert (
            events[5].params.items()
            >= {
                "ReasonConferenceEnded": "last-participant-left",
                "CallSidEndingConference": hero.sid,
            }.items()
        )
        record = await carrier.conference_record(joined["conference_sid"])
        assert record is not None
        assert (record.status, record.reason_ended) == ("completed", "last-participant-left")
        call = await carrier.call_record(guest.sid)
        assert call is not None
        assert call.ended_at is not None
        assert call.started_at is not None
        assert call.ended_at - call.started_at == timedelta(minutes=20)


async def test_the_first_participants_callback_counts_for_all() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(statusCallbackEvent="join", statusCallback="/first"))
        hero = await carrier.dial(HERO)
        await hero.until("joined")
        service.says("/voice", room())
        guest = await carrier.dial(GUEST)
        await guest.until("joined")
        guest.hang_up()
        hero.hang_up()
        await carrier.settled()
        assert [event.params["StatusCallbackEvent"] for event in service.all("/first")] == IN_ORDER[:2]
        assert service.all("/events") == []


async def test_nobody_is_told_anything_unless_events_are_asked_for() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(statusCallbackEvent=""))
        call = await carrier.dial(HERO)
        await call.until("joined")
        call.hang_up()
        await carrier.settled()
        assert service.all("/events") == []


async def test_a_name_used_again_is_another_conference() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        sids = []
        since = service.clock.now()
        for _ in range(2):
            call = await carrier.dial(HERO)
            sids.append((await call.until("joined"))["conference_sid"])
            call.hang_up()
            service.clock.advance(minutes=5)
        found = await carrier.conferences_named("grace", since=since)
        assert [conference.sid for conference in found] == sids[::-1]
        found = await carrier.conferences_named("grace", since=since + timedelta(minutes=1))
        assert [conference.sid for conference in found] == sids[1:]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"participantLabel": "leg-1"}, 16025),
        ({"maxParticipants": "1"}, 16020),
        ({"participantLabel": "a/b"}, 16023),
        ({"participantLabel": "x" * 129}, 16023),
        ({"statusCallbackEvent": "begin"}, 16002),
        ({"maxParticipants": "251"}, 16002),
    ],
)
async def test_who_is_not_let_in_goes_on_with_the_next_verb(attributes: dict[str, str], code: int) -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(participantLabel="leg-1"))
        hero = await carrier.dial(HERO)
        await hero.until("joined")
        document = room(**attributes).replace("</Response>", "<Say>Not now.</Say></Response>")
        service.says("/voice", document)
        guest = await carrier.dial(GUEST)
        await guest.ended()
        assert guest.said == ["Not now."]
        assert carrier.debugger[-1]["code"] == code
        assert not hero.is_over


async def test_the_wait_document_is_heard_until_the_other_comes() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(waitUrl="/wait"))
        service.says("/wait", '<Response><Say>We wait for Ada.</Say><Pause length="30"/></Response>')
        hero = await carrier.dial(HERO)
        await hero.until("said", text="We wait for Ada.")
        await hero.until("said", text="We wait for Ada.")  # and again
        assert service.last("/wait").is_signed
        guest = await carrier.dial(GUEST)
        await guest.until("joined")
        heard = len(hero.said)
        service.says("/voice", "<Response/>")
        await (await carrier.dial(GUEST)).ended()
        assert len(hero.said) == heard
        assert guest.said == []


async def test_without_its_wait_document_the_conference_is_not_established() -> None:
    async with company() as (service, carrier):
        document = room(waitUrl="/wait").replace("</Response>", "<Say>Please call again.</Say></Response>")
        service.says("/voice", document)
        service.fails("/wait", 500)
        call = await carrier.dial(HERO)
        await call.ended()
        assert call.said == ["Please call again."]
        assert service.all("/events") == []


async def test_a_conference_starts_only_with_somebody_who_starts_it() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(startConferenceOnEnter="false"))
        for number in (HERO, GUEST):
            await (await carrier.dial(number)).until("joined")
        await carrier.settled()
        assert [event.params["StatusCallbackEvent"] for event in service.all("/events")] == IN_ORDER[:2]
        service.says("/voice", room())
        await (await carrier.dial("+12025550133")).until("joined")
        await carrier.settled()
        assert service.last("/events").params["StatusCallbackEvent"] == "conference-start"


async def test_the_conference_ends_with_the_one_who_takes_it_along() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        hero = await carrier.dial(HERO)
        await hero.until("joined")
        service.says("/voice", room(endConferenceOnExit="true"))
        guest = await carrier.dial(GUEST)
        await guest.until("joined")
        guest.hang_up()
        await hero.ended()
        await carrier.settled()
        events = service.all("/events")
        assert [event.params["StatusCallbackEvent"] for event in events] == IN_ORDER
        assert events[4].params["ReasonParticipantLeft"] == "moderator_ended_conference"
        ended = events[5].params["ReasonConferenceEnded"]
        assert ended == "participant-with-end-conference-on-exit-left"


async def test_everybody_is_hung_up_by_the_service() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(dial='action="/after"'))
        service.says("/after", "<Response><Say>Bye.</Say></Response>")
        calls = [await carrier.dial(number) for number in (HERO, GUEST)]
        joined = [await call.until("joined") for call in calls]
        assert await carrier.end_conference(joined[0]["conference_sid"]) is True
        for call in calls:
            await call.ended()
            assert call.said == ["Bye."]
        await carrier.settled()
        assert [event.params["StatusCallbackEvent"] for event in service.all("/events")] == IN_ORDER
        assert service.last("/events").params["ReasonConferenceEnded"] == "conference-ended-via-api"
        assert service.last("/after").params.items() >= {"DialCallStatus": "answered"}.items()
        assert "DialCallDuration" not in service.last("/after").params
        assert await carrier.end_conference(joined[0]["conference_sid"]) is True
        assert await carrier.end_conference("CF" + "0" * 32) is False


async def test_one_participant_is_removed() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        hero, guest = await carrier.dial(HERO), await carrier.dial(GUEST)
        sid = (await hero.until("joined"))["conference_sid"]
        await guest.until("joined")
        assert await carrier.remove_participant(sid, guest.sid) is True
        await guest.ended()
        assert not hero.is_over
        assert await carrier.remove_participant(sid, guest.sid) is False
        await carrier.settled()
        assert service.last("/events").params["ReasonParticipantLeft"] == "participant_updated_via_api"


async def test_the_time_limit_ends_the_stay_when_the_clock_says_so() -> None:
    async with company(seconds_per_second=0) as (service, carrier):
        document = room(dial='timeLimit="7200"').replace("</Response>", "<Say>Time is up.</Say></Response>")
        service.says("/voice", document)
        call = await carrier.dial(HERO)
        await call.until("joined")
        service.clock.advance(minutes=119)
        carrier.look_at_clock()
        await carrier.settled()
        assert not call.is_over
        service.clock.advance(minutes=1)
        carrier.look_at_clock()
        await call.ended()
        assert call.said == ["Time is up."]


async def test_a_callback_is_tried_again_as_its_overrides_say() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        service.fails("/events", 503, times=1)
        call = await carrier.dial(HERO)
        await call.until("joined")
        await carrier.settled()
        first, second = service.all("/events")
        assert first.params == second.params
        assert first.idempotency_token == second.idempotency_token
        service.fails("/events", 503, times=2)
        call.hang_up()
        await carrier.settled()
        events = [event.params["StatusCallbackEvent"] for event in service.all("/events")[2:]]
        assert events == ["participant-leave", "participant-leave", "conference-end"]


async def test_without_overrides_an_error_is_not_tried_again() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room(statusCallback="/events"))
        service.fails("/events", 503)
        call = await carrier.dial(HERO)
        await call.until("joined")
        await carrier.settled()
        assert len(service.all("/events")) == 1


async def test_callbacks_get_lost_doubled_and_out_of_order_on_demand() -> None:
    async with company() as (service, carrier):
        service.says("/voice", room())
        carrier.faults.duplicate_callbacks = True
        carrier.faults.hold_callbacks = True
        call = await carrier.dial(HERO)
        await call.until("joined")
        call.hang_up()
        await carrier.settled()
        assert service.all("/events") == []
        carrier.release_callbacks(lambda postings: postings[::-1])
        await carrier.settled()
        numbers = [event.params["SequenceNumber"] for event in service.all("/events")]
        assert numbers == ["3", "3", "2", "2", "1", "1"]
        carrier.faults.drop_callbacks = True
        call = await carrier.dial(HERO)
        await call.until("joined")
        await carrier.settled()
        assert len(service.all("/events")) == 6


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
