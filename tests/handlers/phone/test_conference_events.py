"""What the phone company tells of a conference: kept once, applied in call order whatever order it comes in."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from store.database import Database
from tests.handlers.phone.conftest import Scene
from tests.handlers.phone.line import Line, Meeting, new_sid
from thserver.domain.conferences import Conference, talk_intervals
from thserver.services.conferences import Conferences


async def whole_call(scene: Scene) -> tuple[Meeting, list[dict[str, str]]]:
    """Both are admitted; the six events of their call, unsent."""
    guest, host = scene.line(scene.guest), scene.line(scene.host)
    assert (await guest.ring()).is_let_in
    assert (await host.ring()).is_let_in
    meeting, at = scene.meeting(), scene.clock.now()
    return meeting, [
        meeting.event("participant-join", at, guest),
        meeting.event("participant-join", at + timedelta(seconds=30), host),
        meeting.event("conference-start", at + timedelta(seconds=30)),
        meeting.event("participant-leave", at + timedelta(seconds=630), host),
        meeting.event("participant-leave", at + timedelta(seconds=640), guest),
        meeting.event("conference-end", at + timedelta(seconds=641)),
    ]


async def conference_of(scene: Scene, meeting: Meeting) -> Conference:
    await scene.settled()
    conference = await scene.world.database.conferences.get(meeting.sid)
    assert conference is not None
    return conference


async def events_kept(database: Database) -> int:
    return int(await database.conference_events._collection.count_documents({}))


async def test_the_events_of_a_call_become_its_conference(scene: Scene) -> None:
    meeting, events = await whole_call(scene)
    for event in events:
        await meeting.send(event)
    conference = await conference_of(scene, meeting)
    at = scene.clock.now()
    assert conference.room == scene.host.slug
    assert conference.booking_id == scene.booking.id
    assert set(conference.people_ids) == {scene.guest.id, scene.host.id}
    assert conference.created == at
    assert conference.started == at + timedelta(seconds=30)
    assert conference.ended == at + timedelta(seconds=641)
    assert conference.complete
    assert [entry.action for entry in conference.log] == [event["StatusCallbackEvent"] for event in events]
    assert talk_intervals(conference.legs, scene.host.id) == [
        (at + timedelta(seconds=30), at + timedelta(seconds=630))
    ]


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_with_any_repeats_gives_the_same_conference(
    scene: Scene, seed: int, database: Database
) -> None:
    meeting, events = await whole_call(scene)
    chance = random.Random(seed)
    told = [*events, *chance.choices(events, k=4)]
    chance.shuffle(told)
    if seed % 2:
        await asyncio.gather(*(meeting.send(event) for event in told))
    else:
        for event in told:
            await meeting.send(event)
            await scene.settled()
    conference = await conference_of(scene, meeting)
    assert conference.complete
    assert [entry.action for entry in conference.log] == [event["StatusCallbackEvent"] for event in events]
    assert len(conference.legs) == 2
    assert await events_kept(database) == 6
    room = await database.rooms.get(meeting.room)
    assert room is not None
    assert room.released
    assert room.live is None


async def test_a_repeated_event_is_recorded_once(scene: Scene, database: Database) -> None:
    meeting, events = await whole_call(scene)
    await asyncio.gather(*(meeting.send(events[0]) for _ in range(20)))
    assert await events_kept(database) == 1
    conference = await conference_of(scene, meeting)
    assert len(conference.legs) == len(conference.log) == 1


@pytest.mark.parametrize("number", ["", "abc", "-1", "1.5", "9" * 30, "١"])
async def test_an_event_without_a_number_is_recorded_once_by_its_body(
    scene: Scene, database: Database, number: str
) -> None:
    meeting, events = await whole_call(scene)
    events = [{**event, "SequenceNumber": number} for event in events]
    for event in (*events, *events):
        await meeting.send(event)
    assert await events_kept(database) == 6
    conference = await conference_of(scene, meeting)
    assert conference.complete
    assert [entry.action for entry in conference.log] == [event["StatusCallbackEvent"] for event in events]


async def test_nothing_is_settled_before_every_event_is_there(scene: Scene, database: Database) -> None:
    meeting, events = await whole_call(scene)
    for event in (events[5], events[0], events[1], events[2], events[4]):
        await meeting.send(event)
    assert not (await conference_of(scene, meeting)).complete
    assert await database.conferences.unsettled_ended() == []
    await meeting.send(events[3])
    assert (await conference_of(scene, meeting)).complete


async def test_an_end_that_is_told_first_does_not_leave_the_room_taken(
    scene: Scene, database: Database
) -> None:
    meeting, events = await whole_call(scene)
    for event in reversed(events):
        await meeting.send(event)
        await scene.settled()
    room = await database.rooms.get(meeting.room)
    assert room is not None
    assert room.live is None
    assert room.until <= scene.clock.now() + timedelta(seconds=5)


async def test_unknown_events_and_parameters_are_kept_and_change_nothing(
    scene: Scene, database: Database
) -> None:
    meeting, events = await whole_call(scene)
    await meeting.send({**events[0], "Mood": " cheerful\x07 ", "$where": "1", "a.b": ""})
    strange = meeting.event("participant-dance", scene.clock.now(), ReasonConferenceEnded="because")
    await meeting.send(strange)
    conference = await conference_of(scene, meeting)
    assert [entry.action for entry in conference.log] == ["participant-join"]
    kept = await database.conference_events._collection.find_one({"key": "1"})
    assert kept is not None
    assert ["Mood", " cheerful\x07 "] in kept["raw"]
    assert ["$where", "1"] in kept["raw"]


async def test_somebody_we_know_nothing_about_is_logged_and_never_billed(scene: Scene) -> None:
    meeting, events = await whole_call(scene)
    await meeting.send({**events[0], "CallSid": new_sid("CA")})
    for event in events[1:]:
        await meeting.send(event)
    conference = await conference_of(scene, meeting)
    assert conference.log[0].person_id is None
    # The guest's own joining was never told, so nothing is counted before the carrier has been asked.
    assert talk_intervals(conference.legs, scene.host.id) == []
    assert not conference.complete


async def test_a_conference_of_no_booking_is_kept_and_left_alone(scene: Scene, database: Database) -> None:
    meeting = Meeting(scene.company, 999_999, "nowhere")
    await meeting.tell("participant-join", scene.clock.now(), scene.line(scene.guest))
    await scene.settled()
    assert await events_kept(database) == 1
    assert await database.conferences.get(meeting.sid) is None
    scene.clock.advance(minutes=5)
    assert await scene.world.services.conferences.apply_left_over() == 0


async def test_a_room_used_again_is_another_conference(scene: Scene, database: Database) -> None:
    first, events = await whole_call(scene)
    for event in events:
        await first.send(event)
    await scene.settled()
    scene.clock.advance(minutes=15)
    second, events = await whole_call(scene)
    for event in reversed(events):
        await second.send(event)
    await scene.settled()
    conferences = await database.conferences.of_booking(scene.booking.id)
    assert [conference.sid for conference in conferences] == [first.sid, second.sid]
    assert all(conference.complete for conference in conferences)


@pytest.mark.parametrize(
    "timestamp", ["", "yesterday", "Thu, 1 Jan 1970 00:00:00 +0000", "Thu, 99 Jun 2017 20:48:32 +0000"]
)
async def test_a_time_that_is_none_becomes_the_time_of_arrival(scene: Scene, timestamp: str) -> None:
    meeting, events = await whole_call(scene)
    await meeting.send({**events[0], "Timestamp": timestamp})
    assert (await conference_of(scene, meeting)).created == scene.clock.now()


async def test_an_event_that_a_dying_process_left_is_applied_by_the_sweep(
    scene: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, events = await whole_call(scene)

    async def dies(self: Conferences, conference_sid: str) -> None:
        raise RuntimeError("the process died")

    with monkeypatch.context() as patch:
        patch.setattr(Conferences, "apply", dies)
        for event in events:
            await meeting.send(event)
        await scene.settled()
    assert await database.conferences.get(meeting.sid) is None
    scene.clock.advance(seconds=31)
    assert await scene.world.services.conference_records.close_silent() == 1
    assert (await conference_of(scene, meeting)).complete
    assert await scene.world.services.conference_records.close_silent() == 0


async def test_answers_that_have_nothing_to_apply_are_empty_too(scene: Scene, database: Database) -> None:
    answer = await scene.company.post(
        f"/phone/conferences/{scene.booking.id}/events", {"StatusCallbackEvent": "conference-end"}
    )
    assert (answer.code, answer.body) == (204, b"")
    assert await events_kept(database) == 0


async def test_a_body_of_more_than_64_kilobytes_is_too_large(scene: Scene, database: Database) -> None:
    answer = await scene.company.post(
        f"/phone/conferences/{scene.booking.id}/events", {"ConferenceSid": "CF1", "x": "y" * 70_000}
    )
    assert answer.code in (403, 413)
    assert await events_kept(database) == 0


async def test_a_line_that_drops_and_dials_again_loses_its_dead_leg(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[tuple[str, str]] = []

    async def remove(conference_sid: str, call_sid: str) -> bool:
        removed.append((conference_sid, call_sid))
        return True

    monkeypatch.setattr(scene.world.services.carrier, "remove_participant", remove)
    dead = scene.line(scene.guest)
    await dead.ring()
    meeting = scene.meeting()
    await meeting.tell("participant-join", scene.clock.now(), dead)
    await scene.settled()
    again: Line = scene.line(scene.guest)
    assert (await again.ring()).is_let_in
    assert (await again.ring()).is_let_in
    await scene.settled()
    assert removed == [(meeting.sid, dead.sid)]
