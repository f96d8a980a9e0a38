"""What two processes derive of one conference at once: whoever knew more is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from store.database import Database
from thserver.domain.admissions import LiveConference, Stay
from thserver.domain.conferences import Conference, ConferenceEvent, Leg

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def conference(*, legs: int, complete: bool = False) -> Conference:
    return Conference(
        sid="CF1",
        room="tom-brady",
        booking_id=7,
        kind="call",
        people_ids=(1, 2),
        created=NOW,
        ended=NOW if complete else None,
        legs=tuple(Leg(f"CA{number}", number, NOW, None) for number in range(legs)),
        complete=complete,
    )


def live(*people: int, sid: str = "CF1", created: datetime = NOW) -> LiveConference:
    return LiveConference(sid, 7, created, tuple(Stay(each, f"CA{each}") for each in people))


async def test_what_was_derived_from_fewer_events_does_not_replace_what_came_of_more(
    database: Database,
) -> None:
    assert await database.conferences.put(conference(legs=2), events=2, now=NOW)
    assert not await database.conferences.put(conference(legs=1), events=1, now=NOW)
    found = await database.conferences.get("CF1")
    assert found == conference(legs=2)


async def test_a_settled_conference_stays_settled(database: Database) -> None:
    await database.conferences.put(conference(legs=2), events=2, now=NOW)
    assert not await database.conferences.mark_settled("CF1"), "it is not over"
    await database.conferences.put(conference(legs=2, complete=True), events=3, now=NOW)
    (found,) = await database.conferences.unsettled_ended()
    assert found.sid == "CF1"
    assert await database.conferences.mark_settled("CF1")
    assert not await database.conferences.mark_settled("CF1")
    await database.conferences.put(conference(legs=2, complete=True), events=4, now=NOW)
    assert await database.conferences.unsettled_ended() == []


async def test_a_room_shows_who_is_in_it_by_whoever_knew_more(database: Database) -> None:
    rooms = database.rooms
    assert await rooms.set_live("tom-brady", live(1, 2), events=2, now=NOW, until=LATER)
    assert not await rooms.set_live("tom-brady", live(1), events=1, now=NOW, until=LATER)
    state = await rooms.get("tom-brady")
    assert state is not None
    assert state.live == live(1, 2)
    earlier = live(1, sid="CF0", created=NOW - timedelta(hours=1))
    assert not await rooms.set_live("tom-brady", earlier, events=9, now=NOW, until=LATER)
    following = live(2, sid="CF2", created=NOW + timedelta(hours=1))
    assert await rooms.set_live("tom-brady", following, events=1, now=NOW, until=LATER)


async def test_a_room_is_freed_by_its_own_conference_only(database: Database) -> None:
    rooms = database.rooms
    assert await rooms.claim("tom-brady", 7, now=NOW, until=NOW + timedelta(minutes=2))
    await rooms.set_live("tom-brady", live(1, 2), events=2, now=NOW, until=LATER)
    assert not await rooms.claim("tom-brady", 8, now=NOW + timedelta(minutes=5), until=LATER)
    for booking_id, sid in ((8, "CF1"), (7, "CF0")):
        assert not await rooms.release("tom-brady", booking_id=booking_id, conference_sid=sid, until=NOW)
    assert await rooms.release("tom-brady", booking_id=7, conference_sid="CF1", until=NOW)
    assert await rooms.claim("tom-brady", 8, now=NOW, until=LATER)


async def test_an_event_is_kept_once(database: Database) -> None:
    event = ConferenceEvent(key="1", sequence_number=1, name="participant-join", at=NOW, call_sid="CA1")
    assert await database.conference_events.add("CF1", event, booking_id=7, now=NOW)
    assert not await database.conference_events.add("CF1", event, booking_id=7, now=NOW)
    assert await database.conference_events.add("CF2", event, booking_id=7, now=NOW)
    stored = await database.conference_events.of_conference("CF1")
    assert stored is not None
    assert stored.events == (event,)
