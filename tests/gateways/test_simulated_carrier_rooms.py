"""The simulated phone company against a scripted service on a real socket: conferences and their callbacks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.gateways.scripted_service import company, room

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
