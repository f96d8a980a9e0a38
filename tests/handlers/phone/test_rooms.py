"""Nobody is let into a room in which another booking's conference is live."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from store.database import Database
from tests.booking_makers import make_caller
from tests.handlers.phone.conftest import Scene
from tests.handlers.phone.line import Heard
from thserver.domain.admissions import HOLD_TRIES
from thserver.domain.bookings import Booking
from thserver.domain.errors import Unavailable
from thserver.domain.people import Person
from thserver.domain.ports import CarrierConference
from twiml import sentences


async def two_bookings(scene: Scene) -> tuple[Booking, Person]:
    """A second booking half an hour after the first, and its guest; the clock stands between the two."""
    ann = await make_caller(scene.world, first_name="Ann", last_name="Lee")
    second = await scene.another(ann, minutes_later=30)
    scene.clock.set(scene.starts + timedelta(minutes=25))
    return second, ann


def holds(heard: Heard) -> bool:
    return not heard.is_let_in and "/phone/voice/hold/" in (heard.root.findtext("Redirect") or "")


async def test_two_bookings_that_ring_at_once_one_enters_and_the_other_holds_until_the_end(
    scene: Scene,
) -> None:
    _, ann = await two_bookings(scene)
    lines = {person.id: scene.line(person) for person in (scene.guest, ann)}
    answers = dict(zip(lines, await asyncio.gather(*(line.ring() for line in lines.values())), strict=True))
    (inside,) = [person_id for person_id, heard in answers.items() if heard.is_let_in]
    (outside,) = [person_id for person_id, heard in answers.items() if holds(heard)]
    assert "comes next" in answers[outside].said

    booking = scene.booking if inside == scene.guest.id else None
    meeting = scene.meeting(booking or await _second(scene))
    await meeting.tell("participant-join", scene.clock.now(), lines[inside])
    await scene.settled()
    heard = await lines[outside].hold_on(answers[outside])
    assert holds(heard)

    scene.clock.advance(minutes=30)
    heard = await lines[outside].hold_on(heard)
    assert holds(heard), "the conference is on for as long as nobody says that it is over"
    await meeting.tell("participant-leave", scene.clock.now(), lines[inside])
    await meeting.tell("conference-end", scene.clock.now())
    await scene.settled()
    scene.clock.advance(seconds=10)
    heard = await lines[outside].hold_on(heard)
    assert heard.is_let_in


async def _second(scene: Scene) -> Booking:
    found = await scene.world.database.bookings.of_person(scene.host.id, kind=None, skip=0, limit=10)
    return next(booking for booking in found[1] if booking.id != scene.booking.id)


async def test_fifty_callers_of_two_bookings_never_meet(scene: Scene) -> None:
    _, ann = await two_bookings(scene)
    lines = [(person, scene.line(person)) for _ in range(25) for person in (scene.guest, ann)]
    answers = await asyncio.gather(*(line.ring() for _, line in lines))
    inside = {person.id for (person, _), heard in zip(lines, answers, strict=True) if heard.is_let_in}
    assert len(inside) == 1
    assert all(heard.is_let_in or holds(heard) for heard in answers)


async def test_a_claim_without_a_conference_lasts_two_minutes(scene: Scene) -> None:
    _, ann = await two_bookings(scene)
    assert (await scene.ring(scene.guest)).is_let_in
    line = scene.line(ann)
    heard = await line.ring()
    assert holds(heard)
    scene.clock.advance(seconds=110)
    heard = await line.hold_on(heard)
    assert holds(heard)
    scene.clock.advance(seconds=11)
    assert (await line.hold_on(heard)).is_let_in


async def test_somebody_in_the_greeting_keeps_the_room_when_the_conference_before_him_ends(
    scene: Scene,
) -> None:
    _, ann = await two_bookings(scene)
    host_line = scene.line(scene.guest)
    await host_line.ring()
    meeting = scene.meeting()
    await meeting.tell("participant-join", scene.clock.now(), host_line)
    await scene.settled()
    again = scene.line(scene.guest)
    assert (await again.ring()).is_let_in
    await meeting.tell("participant-leave", scene.clock.now(), host_line)
    await meeting.tell("conference-end", scene.clock.now())
    await scene.settled()
    scene.clock.advance(seconds=15)
    line = scene.line(ann)
    heard = await line.ring()
    assert holds(heard), "he was let in and is on his way"
    following = scene.meeting()
    await following.tell("participant-join", scene.clock.now(), again)
    await following.tell("participant-leave", scene.clock.now(), again)
    await following.tell("conference-end", scene.clock.now())
    await scene.settled()
    scene.clock.advance(seconds=120)
    assert (await line.hold_on(heard)).is_let_in


async def test_a_late_word_of_an_earlier_conference_does_not_free_the_room(
    scene: Scene, database: Database
) -> None:
    _, ann = await two_bookings(scene)
    line = scene.line(scene.guest)
    await line.ring()
    first = scene.meeting()
    told = [
        first.event("participant-join", scene.clock.now(), line),
        first.event("participant-leave", scene.clock.now() + timedelta(seconds=5), line),
        first.event("conference-end", scene.clock.now() + timedelta(seconds=5)),
    ]
    await first.send(told[0])
    scene.clock.advance(seconds=30)
    again = scene.line(scene.guest)
    await again.ring()
    second = scene.meeting()
    await second.tell("participant-join", scene.clock.now(), again)
    await scene.settled()
    await first.send(told[2])
    await first.send(told[1])
    await scene.settled()
    scene.clock.advance(minutes=3)
    assert holds(await scene.ring(ann))
    room = await database.rooms.get(scene.booking.room)
    assert room is not None
    assert room.live is not None
    assert room.live.sid == second.sid


async def test_while_nothing_is_told_of_a_call_the_carrier_is_asked_before_the_room_is_given_away(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ann = await two_bookings(scene)
    assert (await scene.ring(scene.guest)).is_let_in
    now = scene.clock.now()
    status = "in-progress"
    away = False

    async def named(room: str, *, since: object) -> list[CarrierConference]:
        if away:
            raise Unavailable
        return [CarrierConference("CF1", room, status, now, now)]

    monkeypatch.setattr(scene.world.services.carrier, "conferences_named", named)
    scene.clock.advance(minutes=10)
    line = scene.line(ann)
    heard = await line.ring()
    assert holds(heard)
    away = True
    heard = await line.hold_on(heard)
    assert holds(heard)
    away, status = False, "completed"
    assert (await line.hold_on(heard)).is_let_in


async def test_holding_ends_kindly(scene: Scene) -> None:
    _, ann = await two_bookings(scene)
    line = scene.line(scene.guest)
    await line.ring()
    await scene.meeting().tell("participant-join", scene.clock.now(), line)
    await scene.settled()
    waiting = scene.line(ann)
    await waiting.ring()
    path = f"/phone/voice/hold/{(await _second(scene)).id}"
    assert holds(await waiting.post(f"{path}/{HOLD_TRIES - 1}"))
    heard = await waiting.post(f"{path}/{HOLD_TRIES}")
    assert heard.said == sentences.STILL_IN_USE


async def test_the_path_alone_opens_no_door(scene: Scene) -> None:
    second, ann = await two_bookings(scene)
    await scene.ring(scene.guest)
    line = scene.line(ann)
    assert holds(await line.ring())
    assert (await line.post(f"/phone/voice/hold/{scene.booking.id}/1")).said == sentences.SORRY
    stranger = scene.line("+12025559999")
    await stranger.ring()
    assert (await stranger.post(f"/phone/voice/hold/{second.id}/1")).said == sentences.SORRY
