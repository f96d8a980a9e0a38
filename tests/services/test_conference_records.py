"""What nobody told us of a conference is looked up in the carrier's own records, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking, State
from thserver.domain.conferences import Conference, seconds_talked, talk_intervals
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_carrier.webhooks import Posting

Postings = list[Posting]


@pytest.fixture
def needs_server(base_url: str) -> str:
    return base_url


async def make_booking(world: World, clock: FakeClock) -> tuple[Booking, str, str]:
    """An agreed call that starts now, with the numbers of its guest and its host."""
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    clock.set(booking.starts)
    assert guest.phone is not None
    assert host.phone is not None
    return booking, guest.phone, host.phone


async def talk(
    world: World, carrier: SimulatedCarrier, clock: FakeClock, guest: str, host: str, *, minutes: float = 10
) -> None:
    """Both dial in, talk for so long, and hang up; whatever is posted is not waited for."""
    first = await carrier.dial(guest)
    await first.until("joined")
    clock.advance(seconds=30)
    second = await carrier.dial(host)
    await second.until("joined")
    clock.advance(minutes=minutes)
    second.hang_up()
    clock.advance(seconds=10)
    first.hang_up()
    await arrived(world, carrier)


async def arrived(world: World, carrier: SimulatedCarrier) -> None:
    await carrier.settled()
    await world.services.background.idle()


def without(*names: str) -> Callable[[Postings], Postings]:
    """Let go everything but these events."""
    return lambda postings: [each for each in postings if each.params.get("StatusCallbackEvent") not in names]


async def sweep(world: World) -> int:
    touched = await world.services.conference_records.close_silent()
    await world.services.background.idle()
    return touched


async def only_conference(database: Database, booking: Booking) -> Conference:
    (conference,) = await database.conferences.of_booking(booking.id)
    return conference


def talked(conference: Conference, booking: Booking) -> int:
    return seconds_talked(talk_intervals(conference.legs, booking.host_id))


async def charges_of(world: World, booking: Booking) -> list[Any]:
    _, charges = await world.services.billing.charges_of(booking.guest_ids[0], skip=0, limit=10)
    return charges


async def test_an_end_that_never_came_is_closed_from_the_record_and_billed(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.hold_callbacks = True
    await talk(world, carrier, clock, guest, host)
    carrier.release_callbacks(without("conference-end"))
    await arrived(world, carrier)
    assert (await only_conference(database, booking)).ended is None
    assert await sweep(world) == 0, "it is not silent yet"
    clock.advance(minutes=3)
    assert await sweep(world) == 1
    conference = await only_conference(database, booking)
    assert conference.complete
    assert conference.ended == clock.now() - timedelta(minutes=3)
    assert talked(conference, booking) == 600
    (charge,) = await charges_of(world, booking)
    assert charge.amount_in_cents == 10 * 100
    clock.advance(minutes=3)
    assert await sweep(world) == 0
    assert len(await charges_of(world, booking)) == 1
    told = await database.bookings.get(booking.id)
    assert told is not None
    assert told.state is State.HELD


@pytest.mark.parametrize(
    "lost",
    [
        ("participant-leave",),
        ("participant-join",),
        ("participant-join", "participant-leave"),
        ("conference-start", "participant-leave", "conference-end"),
        ("participant-join", "participant-leave", "conference-end"),
        ("conference-start",),
    ],
    ids="+".join,
)
async def test_whatever_is_lost_the_talk_time_is_the_same(
    world: World,
    database: Database,
    carrier: SimulatedCarrier,
    clock: FakeClock,
    needs_server: str,
    lost: tuple[str, ...],
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.hold_callbacks = True
    await talk(world, carrier, clock, guest, host)
    carrier.release_callbacks(without(*lost))
    await arrived(world, carrier)
    clock.advance(minutes=3)
    await sweep(world)
    conference = await only_conference(database, booking)
    assert conference.complete
    assert talked(conference, booking) == 600
    assert len(await charges_of(world, booking)) == 1


async def test_a_conference_of_which_nothing_was_told_is_found_by_the_rooms_name(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.drop_callbacks = True
    await talk(world, carrier, clock, guest, host)
    assert await database.conferences.of_booking(booking.id) == []
    clock.advance(minutes=3)
    assert await sweep(world) > 0
    conference = await only_conference(database, booking)
    assert conference.complete
    assert conference.room == booking.room
    assert set(conference.people_ids) == set(booking.people_ids)
    assert talked(conference, booking) == 600
    assert len(await charges_of(world, booking)) == 1
    clock.advance(minutes=3)
    assert await sweep(world) == 0
    assert await database.calls.not_arrived(before=clock.now()) == []


async def test_two_untold_conferences_of_one_booking_are_told_apart(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.drop_callbacks = True
    await talk(world, carrier, clock, guest, host, minutes=5)
    clock.advance(minutes=1)
    await talk(world, carrier, clock, guest, host, minutes=7)
    clock.advance(minutes=3)
    await sweep(world)
    conferences = await database.conferences.of_booking(booking.id)
    assert [talked(conference, booking) for conference in conferences] == [300, 420]
    assert all(conference.complete for conference in conferences)


async def test_an_untold_conference_that_is_still_on_is_followed_to_its_end(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.drop_callbacks = True
    first, second = await carrier.dial(guest), await carrier.dial(host)
    await first.until("joined")
    await second.until("joined")
    clock.advance(minutes=3)
    await sweep(world)
    conference = await only_conference(database, booking)
    assert conference.ended is None
    assert {leg.person_id for leg in conference.present} == set(booking.people_ids)
    room = await database.rooms.get(booking.room)
    assert room is not None
    assert room.live is not None
    clock.advance(minutes=2)
    first.hang_up()
    second.hang_up()
    clock.advance(minutes=3)
    await sweep(world)
    conference = await only_conference(database, booking)
    assert conference.complete
    assert talked(conference, booking) == 300


async def test_who_hung_up_during_the_greeting_is_not_looked_for_for_ever(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, _ = await make_booking(world, clock)
    call = await carrier.dial(guest)
    await call.until("said")
    call.hang_up()
    await arrived(world, carrier)
    clock.advance(minutes=3)
    await sweep(world)
    assert await database.calls.not_arrived(before=clock.now()) == []


async def test_a_conference_that_is_on_for_too_long_is_ended(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    first, second = await carrier.dial(guest), await carrier.dial(host)
    await first.until("joined")
    await second.until("joined")
    await arrived(world, carrier)
    clock.advance(minutes=119)
    await sweep(world)
    assert (await only_conference(database, booking)).ended is None
    clock.advance(minutes=4)
    assert await sweep(world) == 1
    assert (await first.ended())["event"] == "hung_up"
    await arrived(world, carrier)
    conference = await only_conference(database, booking)
    assert conference.complete
    assert talked(conference, booking) == 123 * 60


async def test_while_the_carrier_does_not_answer_nothing_is_made_up(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.drop_callbacks = True
    await talk(world, carrier, clock, guest, host)
    clock.advance(minutes=3)
    carrier.faults.records_unavailable = True
    assert await sweep(world) == 0
    carrier.faults.records_unavailable = False
    assert await sweep(world) > 0
    assert talked(await only_conference(database, booking), booking) == 600


async def test_events_that_come_after_the_record_fit_in(
    world: World, database: Database, carrier: SimulatedCarrier, clock: FakeClock, needs_server: str
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.hold_callbacks = True
    await talk(world, carrier, clock, guest, host)
    clock.advance(minutes=3)
    await sweep(world)
    assert (await only_conference(database, booking)).log == ()
    carrier.release_callbacks()
    await arrived(world, carrier)
    conference = await only_conference(database, booking)
    assert len(conference.log) == 6
    assert talked(conference, booking) == 600
    assert len(await charges_of(world, booking)) == 1


async def test_a_conference_that_the_carrier_has_forgotten_ends_with_what_was_told(
    world: World,
    database: Database,
    carrier: SimulatedCarrier,
    clock: FakeClock,
    needs_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.hold_callbacks = True
    await talk(world, carrier, clock, guest, host)
    carrier.release_callbacks(without("conference-end", "participant-leave"))
    await arrived(world, carrier)

    async def nothing(sid: str) -> None:
        return None

    monkeypatch.setattr(carrier, "conference_record", nothing)
    clock.advance(hours=1)
    assert await sweep(world) == 0
    clock.advance(hours=1, minutes=5)
    assert await sweep(world) == 1
    conference = await only_conference(database, booking)
    assert conference.complete
    assert talked(conference, booking) == 0
    assert await charges_of(world, booking) == []


async def test_one_that_can_not_be_looked_up_does_not_keep_the_others_waiting(
    world: World,
    database: Database,
    carrier: SimulatedCarrier,
    clock: FakeClock,
    needs_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booking, guest, host = await make_booking(world, clock)
    carrier.faults.hold_callbacks = True
    await talk(world, carrier, clock, guest, host)
    carrier.release_callbacks(without("conference-end"))
    await arrived(world, carrier)
    broken = Conference(
        sid="CFbroken", room="nowhere", booking_id=0, created=clock.now() - timedelta(hours=1)
    )
    await database.conferences.put(broken, events=1, now=clock.now() - timedelta(hours=1))
    original = carrier.conference_record

    async def record(sid: str) -> Any:
        if sid == broken.sid:
            raise RuntimeError("broken")
        return await original(sid)

    monkeypatch.setattr(carrier, "conference_record", record)
    clock.advance(minutes=3)
    assert await sweep(world) == 1
    assert (await only_conference(database, booking)).complete
