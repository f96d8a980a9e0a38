"""Meetings: the rules of their states, and who did not come."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.booking_makers import World
from tests.meeting_makers import (
    check,
    free,
    held,
    make_completed_meeting,
    make_confirmed_meeting,
    make_meeting,
    make_member,
)
from tests.money_makers import Span, later, make_conference, move_clock, settle
from thserver.domain.bookings import Booking, State
from thserver.domain.errors import Invalid, NotAllowed, Refusal, WrongState
from thserver.domain.people import Person
from thserver.services.meetings import MeetingNotFound

NOBODY: tuple[Span, ...] = ()
THERE: tuple[Span, ...] = ((0, 600),)


async def over(world: World) -> tuple[Booking, Person, Person]:
    """A confirmed meeting; the clock stands at its end. Requester and expert beside it."""
    john, jane = await make_member(world), await make_member(world)
    booking = await make_confirmed_meeting(world, john, jane)
    assert booking.ends is not None
    move_clock(world, booking.ends)
    return booking, john, jane


async def now(world: World, booking: Booking) -> Booking:
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    return found


async def decide(world: World) -> int:
    decided = await world.services.meetings.decide_no_shows()
    await world.services.background.idle()
    return decided


async def test_only_the_expert_confirms(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane)
    with pytest.raises(NotAllowed):
        await world.services.meetings.confirm(booking, john.id)
    confirmed = await world.services.meetings.confirm(booking, jane.id)
    assert confirmed.state is State.AGREED
    with pytest.raises(WrongState):
        await world.services.meetings.confirm(confirmed, jane.id)


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("by_expert", [False, True])
async def test_either_cancels_before_the_start(world: World, confirmed: bool, by_expert: bool) -> None:
    john, jane = await make_member(world), await make_member(world)
    make = make_confirmed_meeting if confirmed else make_meeting
    booking = await make(world, john, jane)
    cancelled = await world.services.meetings.cancel(booking, jane.id if by_expert else john.id)
    assert cancelled.state is State.CANCELLED
    assert await free(world, john) == 1
    with pytest.raises(WrongState):
        await world.services.meetings.cancel(cancelled, john.id)


async def test_after_the_start_only_the_expert_may_call_it_off(world: World) -> None:
    booking, john, jane = await over(world)
    with pytest.raises(WrongState):
        await world.services.meetings.cancel(booking, john.id)
    assert (await world.services.meetings.cancel(booking, jane.id)).state is State.CANCELLED
    assert await free(world, john) == 1


@pytest.mark.parametrize("by_expert", [False, True])
async def test_either_says_after_the_end_that_it_took_place(world: World, by_expert: bool) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_confirmed_meeting(world, john, jane)
    who = jane if by_expert else john
    for _ in range(2):
        with pytest.raises(WrongState):
            await world.services.meetings.complete(booking, who.id)
        later(world, minutes=61)
    later(world, minutes=-1)
    assert (await world.services.meetings.complete(booking, who.id)).state is State.HELD


async def test_a_pending_meeting_is_never_completed(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane)
    later(world, hours=3)
    with pytest.raises(WrongState):
        await world.services.meetings.complete(booking, jane.id)


async def test_a_completed_meeting_is_neither_cancelled_nor_completed_again(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    for person in (john, jane):
        with pytest.raises(WrongState):
            await world.services.meetings.cancel(booking, person.id)
        with pytest.raises(WrongState):
            await world.services.meetings.complete(booking, person.id)


async def test_an_expert_who_stayed_away_cannot_say_that_it_took_place(world: World) -> None:
    booking, john, jane = await over(world)
    await make_conference(world, booking, host=NOBODY, guest=THERE)
    with pytest.raises(NotAllowed):
        await world.services.meetings.complete(booking, jane.id)
    assert (await world.services.meetings.complete(booking, john.id)).state is State.HELD


async def test_both_on_the_line_complete_it(world: World) -> None:
    booking, john, jane = await over(world)
    await make_conference(world, booking)
    later(world, minutes=20)
    assert await decide(world) == 0
    await settle(world)
    assert (await now(world, booking)).state is State.HELD
    later(world, hours=25)
    assert await world.services.credits.settle_due() == 1
    assert (await free(world, john), await free(world, jane)) == (0, 2)
    await check(world)


async def test_an_expert_who_came_alone_gets_the_credit(world: World) -> None:
    booking, john, jane = await over(world)
    await make_conference(world, booking, host=THERE, guest=NOBODY)
    later(world, minutes=14)
    assert await decide(world) == 0
    later(world, minutes=2)
    assert await decide(world) == 1
    decided = await now(world, booking)
    assert (decided.state, decided.details["came"]) == (State.HELD, [jane.id])
    later(world, hours=25)
    await world.services.credits.settle_due()
    assert (await free(world, john), await held(world, john), await free(world, jane)) == (0, 0, 2)
    await check(world)


async def test_a_requester_who_came_alone_gets_his_credit_back(world: World) -> None:
    booking, john, jane = await over(world)
    await make_conference(world, booking, host=NOBODY, guest=THERE)
    later(world, minutes=16)
    assert await decide(world) == 1
    assert (await now(world, booking)).state is State.CANCELLED
    assert (await free(world, john), await held(world, john), await free(world, jane)) == (1, 0, 1)
    await check(world)


async def test_when_nobody_came_and_nobody_acts_it_is_cancelled_after_a_day(world: World) -> None:
    booking, john, _ = await over(world)
    for _ in range(3):
        later(world, hours=7, minutes=50)
        assert await decide(world) == 0
        await world.services.billing.mark_missed()
    assert (await now(world, booking)).state is State.MISSED
    later(world, minutes=31)
    assert await decide(world) == 1
    assert (await now(world, booking)).state is State.CANCELLED
    assert await free(world, john) == 1
    await check(world)


async def test_what_nobody_dialled_into_may_be_said_to_have_taken_place_within_a_day(world: World) -> None:
    booking, _, jane = await over(world)
    later(world, hours=5)
    await world.services.billing.mark_missed()
    missed = await now(world, booking)
    assert missed.state is State.MISSED
    assert (await world.services.meetings.complete(missed, jane.id)).state is State.HELD
    later(world, hours=30)
    assert await decide(world) == 0


async def test_those_who_missed_each_other_decide_themselves(world: World) -> None:
    booking, _, _ = await over(world)
    await make_conference(world, booking, host=((0, 60),), guest=((120, 180),))
    later(world, minutes=20)
    assert await decide(world) == 0
    assert (await now(world, booking)).state is State.AGREED


async def test_nothing_is_decided_while_somebody_is_on_the_line(world: World) -> None:
    booking, _, _ = await over(world)
    await make_conference(world, booking, host=NOBODY, guest=THERE, complete=False)
    later(world, minutes=40)
    assert await decide(world) == 0


async def test_a_decision_and_a_word_at_the_same_moment_are_one(world: World) -> None:
    booking, john, jane = await over(world)
    later(world, hours=25)
    acts = [world.services.meetings.complete(booking, jane.id) for _ in range(5)]
    ended = await asyncio.gather(*acts, *(decide(world) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, (Booking, int, Refusal)) for each in ended), ended
    await world.services.background.idle()
    state = (await now(world, booking)).state
    assert await free(world, john) == (1 if state is State.CANCELLED else 0)
    later(world, hours=25)
    await world.services.credits.settle_due()
    assert await free(world, john) + await free(world, jane) == 2
    await check(world)


@pytest.mark.parametrize(
    ("after", "lasts", "field", "problem"),
    [
        (timedelta(), timedelta(hours=1), "scheduled_start", "in_the_past"),
        (timedelta(hours=1), timedelta(), "scheduled_end", "not_after_start"),
        (timedelta(hours=1), timedelta(minutes=-5), "scheduled_end", "not_after_start"),
        (timedelta(hours=1), timedelta(minutes=14, seconds=59), "scheduled_end", "too_short_a_meeting"),
        (timedelta(hours=1), timedelta(minutes=120, seconds=1), "scheduled_end", "too_long_a_meeting"),
    ],
)
async def test_a_meeting_is_ahead_and_of_a_certain_length(
    world: World, after: timedelta, lasts: timedelta, field: str, problem: str
) -> None:
    john, jane = await make_member(world), await make_member(world)
    with pytest.raises(Invalid) as refusal:
        await make_meeting(world, john, jane, after=after, lasts=lasts)
    assert refusal.value.problems == {field: problem}
    assert await free(world, john) == 1


@pytest.mark.parametrize(
    "lasts", [timedelta(minutes=15), timedelta(minutes=120), timedelta(minutes=45, seconds=30)]
)
async def test_its_end_is_as_it_was_asked_for(world: World, lasts: timedelta) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane, lasts=lasts)
    assert booking.starts is not None
    assert booking.details["ends"] == booking.starts + lasts


async def test_nobody_meets_himself_or_somebody_who_is_not_there(world: World) -> None:
    john, gone = await make_member(world, credits=2), await make_member(world)
    with pytest.raises(Invalid) as refusal:
        await make_meeting(world, john, john)
    assert refusal.value.problems == {"expert_id": "oneself"}
    await world.database.people.change(gone.id, {"is_active": False})
    with pytest.raises(Invalid) as refusal:
        await make_meeting(world, john, gone)
    assert refusal.value.problems == {"expert_id": "unknown_expert"}


async def test_strangers_find_no_meeting(world: World) -> None:
    john, jane, bob = await make_member(world), await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane)
    for number, person in ((booking.id, bob), (booking.id + 999, john)):
        with pytest.raises(MeetingNotFound):
            await world.services.meetings.find(number, person.id)
