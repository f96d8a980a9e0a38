"""Cancelling: until when, how often, and what is counted when requests race or a process dies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.booking_makers import (
    DAY,
    World,
    kept,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
)
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking, State
from thserver.domain.errors import (
    TooManyCancellations,
    WrongState,
)


async def test_open_requests_are_cancelled_without_being_counted(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    for _ in range(5):
        booking = await make_request(world, guest, hero)
        booking = await world.services.bookings.cancel(booking, guest.id, reason="Changed my mind")
        assert (booking.state, booking.cancel_reason, booking.reason) == (
            State.CANCELLED,
            "Changed my mind",
            "",
        )
    assert (
        await world.database.people.counted_cancellations(guest.id, before=world.services.clock.now() + DAY)
        == set()
    )


async def test_the_fourth_cancellation_of_an_accepted_call_is_refused_or_costs_the_fee(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    bookings = world.services.bookings
    for turn in range(3):
        make = make_agreed_booking if turn % 2 else make_accepted_request
        cancelled = await bookings.cancel(await make(world, guest, hero), guest.id, force=turn == 0)
        assert (cancelled.fee_in_cents, cancelled.cancelled_by) == (0, guest.id)
    booking = await make_agreed_booking(world, guest, hero)
    with pytest.raises(TooManyCancellations):
        await bookings.cancel(booking, guest.id)
    assert (await kept(world, booking)).state is State.AGREED
    forced = await bookings.cancel(booking, guest.id, force=True)
    assert (forced.state, forced.fee_in_cents) == (State.CANCELLED, 500)


async def test_each_side_has_cancellations_of_his_own(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    for _ in range(3):
        await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), guest.id)
    cancelled = await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), host.id)
    assert cancelled.cancelled_by == host.id


async def test_of_ten_cancellations_at_once_exactly_three_are_free(world: World) -> None:
    guest = await make_caller(world)
    waiting = [await make_accepted_request(world, guest, (await make_host(world))[1]) for _ in range(10)]
    outcomes = await asyncio.gather(
        *(world.services.bookings.cancel(booking, guest.id) for booking in waiting),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Booking) for each in outcomes) == 3
    assert sum(isinstance(each, TooManyCancellations) for each in outcomes) == 7


async def test_one_call_cancelled_by_both_sides_at_once_counts_for_one_of_them(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    later = world.services.clock.now() + DAY
    for turn in range(1, 4):
        booking = await make_accepted_request(world, guest, hero)
        outcomes = await asyncio.gather(
            *(world.services.bookings.cancel(booking, each) for each in (guest.id, host.id, guest.id)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Booking) for each in outcomes) == 1, outcomes
        counted = [
            await world.database.people.counted_cancellations(person, before=later)
            for person in (guest.id, host.id)
        ]
        assert sum(len(each) for each in counted) == turn


async def test_a_cancellation_that_was_counted_and_never_made_gives_its_place_back(
    world: World, clock: FakeClock
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    for _ in range(2):
        await world.services.bookings.cancel(await make_accepted_request(world, guest, hero), guest.id)
    # The process died between counting and cancelling.
    dead = await make_accepted_request(world, guest, hero)
    await world.database.people.reserve_cancellation(guest.id, dead.id, allowed=3, now=clock.now())
    other = await make_accepted_request(world, guest, (await make_host(world))[1])
    with pytest.raises(TooManyCancellations):
        await world.services.bookings.cancel(other, guest.id)
    clock.advance(minutes=2)
    assert (await world.services.bookings.cancel(other, guest.id)).fee_in_cents == 0
    with pytest.raises(TooManyCancellations):
        await world.services.bookings.cancel(dead, guest.id)


async def test_a_cancellation_that_was_made_is_counted_even_if_another_try_gave_its_place_back(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_accepted_request(world, guest, hero)
    move = world.database.bookings.move

    async def while_another_fails(*args: Any, **more: Any) -> Booking:
        await world.database.people.release_cancellations(guest.id, {booking.id})
        return await move(*args, **more)

    monkeypatch.setattr(world.database.bookings, "move", while_another_fails)
    await world.services.bookings.cancel(booking, guest.id)
    assert await world.database.people.counted_cancellations(guest.id, before=clock.now() + DAY) == {
        booking.id
    }


async def test_what_has_begun_or_was_held_is_not_cancelled(world: World, clock: FakeClock) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    held = await make_agreed_booking(world, guest, hero)
    held_now = await world.services.bookings.mark_held(held.id)
    assert held_now is not None
    for stale_or_not in (held, held_now):
        with pytest.raises(WrongState):
            await world.services.bookings.cancel(stale_or_not, guest.id)
    other = await make_agreed_booking(world, guest, (await make_host(world))[1])
    assert other.starts is not None
    clock.set(other.starts)
    with pytest.raises(WrongState):
        await world.services.bookings.cancel(other, guest.id)
    assert await world.database.people.counted_cancellations(guest.id, before=clock.now() + DAY) == set()
