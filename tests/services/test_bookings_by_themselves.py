"""What becomes of bookings by themselves: proposed, held, missed, lapsed, withdrawn; and how it is told."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.booking_makers import (
    DAY,
    World,
    accept_call,
    agree_on_call,
    kept,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    request_call,
    three_times,
)
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.errors import (
    Invalid,
    NotAllowed,
    TimeTaken,
    WrongState,
)


async def test_held_and_missed_are_decided_once_and_a_late_report_corrects_missed(world: World) -> None:
    bookings = world.services.bookings
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    missed = await bookings.mark_missed(booking)
    assert missed is not None
    assert (missed.state, missed.pins) == (State.MISSED, ())
    assert await bookings.mark_missed(booking) is None
    for _ in range(2):
        held = await bookings.mark_held(booking.id)
        assert held is not None
        assert held.state is State.HELD
    assert await bookings.mark_missed(missed) is None
    asked = await make_request(world, guest, hero)
    assert await bookings.mark_held(asked.id) is None
    assert await bookings.mark_held(999) is None


async def test_requests_that_nobody_answers_lapse(world: World, clock: FakeClock) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    _, busy = await make_host(world)
    waiting = await make_request(world, guest, hero)
    offered = await make_accepted_request(world, guest, busy)
    agreed = await make_agreed_booking(world, guest, (await make_host(world))[1])
    assert await world.services.bookings.lapse_stale(clock.now() + 14 * DAY) == 0
    now = clock.advance(days=14, seconds=1)
    assert await world.services.bookings.lapse_stale(now) == 2
    assert await world.services.bookings.lapse_stale(now) == 0
    for booking in (waiting, offered):
        lapsed = await kept(world, booking)
        assert (lapsed.state, lapsed.cancelled_by) == (State.CANCELLED, None)
    assert (await kept(world, agreed)).state is State.AGREED


async def propose(world: World, **more: object) -> Booking:
    guest = await make_caller(world)
    arguments = {
        "host": more.get("host") or (await make_host(world))[0],
        "guest_ids": [guest.id],
        "by": guest.id,
        "starts": world.services.clock.now() + DAY,
        "minutes": 60,
        **more,
    }
    return await world.services.bookings.propose(Kind.SESSION, **arguments)  # type: ignore[arg-type]


async def test_a_proposed_time_is_held_at_once_and_confirmed_by_the_host(world: World) -> None:
    bookings = world.services.bookings
    booking = await propose(world, details={"window": 7})
    assert (booking.state, booking.details, booking.pins) == (State.REQUESTED, {"window": 7}, ())
    host = await world.database.people.get(booking.host_id)
    assert host is not None
    with pytest.raises(TimeTaken):
        await propose(world, host=host)
    with pytest.raises(NotAllowed):
        await bookings.confirm(booking, booking.guest_ids[0])
    confirmed = await bookings.confirm(booking, booking.host_id)
    assert (confirmed.state, confirmed.starts, len(confirmed.pins)) == (State.AGREED, booking.starts, 2)
    assert confirmed.room == host.slug
    await bookings.cancel(confirmed, booking.guest_ids[0])
    await propose(world, host=host)


async def test_of_thirty_proposals_at_once_for_one_time_one_is_made(world: World) -> None:
    host, _ = await make_host(world)
    outcomes = await asyncio.gather(*(propose(world, host=host) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(each, Booking) for each in outcomes) == 1
    assert sum(isinstance(each, TimeTaken) for each in outcomes) == 29


async def test_a_proposal_in_the_past_is_refused_and_one_that_is_overtaken_lapses(
    world: World, clock: FakeClock
) -> None:
    with pytest.raises(Invalid):
        await propose(world, starts=clock.now())
    booking = await propose(world)
    now = clock.advance(days=1)
    with pytest.raises(WrongState):
        await world.services.bookings.confirm(booking, booking.host_id)
    assert await world.services.bookings.lapse_stale(now) == 1
    assert (await kept(world, booking)).state is State.CANCELLED


async def test_a_request_without_a_time_is_not_confirmed(world: World) -> None:
    _, hero = await make_host(world)
    booking = await make_request(world, await make_caller(world), hero)
    with pytest.raises(WrongState):
        await world.services.bookings.confirm(booking, hero.person_id)


async def test_a_firm_booking_has_its_pins_at_once_and_a_host_without_a_room_gets_one(world: World) -> None:
    king = await make_caller(world)
    booking = await propose(world, host=king, by=king.id, firm=True)
    assert (booking.state, booking.room, len(booking.pins)) == (State.AGREED, "cam-newton", 2)
    assert booking == dataclasses.replace(await kept(world, booking), news=booking.news)


async def test_a_closed_account_withdraws_what_is_open_and_leaves_the_rest_to_others(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    asked = await make_request(world, guest, hero)
    agreed = await make_agreed_booking(world, guest, (await make_host(world))[1])
    gathering = await propose(world, guest_ids=[guest.id, 777])
    held = await make_agreed_booking(world, guest, (await make_host(world))[1])
    await world.services.bookings.mark_held(held.id)
    await world.services.bookings.cancel_all_of(guest.id)
    for booking in (asked, agreed):
        withdrawn = await kept(world, booking)
        assert (withdrawn.state, withdrawn.cancelled_by, withdrawn.fee_in_cents) == (
            State.CANCELLED,
            guest.id,
            0,
        )
    assert (await kept(world, held)).state is State.HELD
    left = await kept(world, gathering)
    assert (left.state, left.guest_ids) == (State.REQUESTED, (777,))


async def test_every_change_is_told_once_with_news_of_its_own(world: World) -> None:
    told: list[tuple[int, str, int | None]] = []

    async def listen(booking: Booking, news: News) -> None:
        told.append((booking.id, news.id, news.by))

    world.services.news.subscribe(listen)
    guest = await make_caller(world)
    host, hero = await make_host(world)
    bookings = world.services.bookings
    one = await accept_call(world, guest, hero)
    one = await bookings.suggest(one, guest.id, three_times(world, after=600))
    one = await bookings.suggest(one, host.id, three_times(world, after=1200))
    one = await bookings.agree(one, guest.id, one.suggestions[-1].times[0])
    await bookings.cancel(one, host.id)
    two = await bookings.decline(await request_call(world, guest, hero), host.id, "No")
    three = await agree_on_call(world, guest, hero)
    await bookings.mark_missed(three)
    await bookings.mark_held(three.id)
    await world.services.background.idle()
    whats = {
        number: [what for each, what, _ in told if each == number] for number in (one.id, two.id, three.id)
    }
    assert sorted(set(whats[one.id])) == [
        "accepted:1",
        "agreed:3",
        "cancelled:3",
        "new_times:2",
        "new_times:3",
        "requested:0",
    ]
    assert set(whats[two.id]) == {"requested:0", "declined:0"}
    assert {"missed:1", "held:1"} <= set(whats[three.id])
    assert (one.id, "cancelled:3", host.id) in told
    for number in (one.id, two.id, three.id):
        assert (await world.database.bookings.get(number)).news == ()  # type: ignore[union-attr]


async def test_news_of_a_process_that_died_is_told_later(world: World, clock: FakeClock) -> None:
    told: list[str] = []

    async def fail(booking: Booking, news: News) -> None:
        raise RuntimeError("died")

    guest = await make_caller(world)
    _, hero = await make_host(world)
    world.services.news.subscribe(fail)
    await request_call(world, guest, hero)
    await world.services.background.idle()
    world.services.news._subscribers.remove(fail)

    async def listen(booking: Booking, news: News) -> None:
        told.append(news.what)

    world.services.news.subscribe(listen)
    clock.advance(minutes=1)
    assert await world.services.news.tell_left_over() == 1
    assert await world.services.news.tell_left_over() == 0
    assert told == ["requested"]
