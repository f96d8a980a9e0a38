"""Makers of meetings, through the services: `make_member`, `make_meeting`, `make_confirmed_meeting`, `make_completed_meeting`."""

from __future__ import annotations

import itertools
from datetime import timedelta

from tests.booking_makers import World
from tests.makers import keep_person
from tests.money_makers import move_clock
from thserver.domain.bookings import Booking
from thserver.domain.people import Person
from thserver.services.all import Services

HOUR = timedelta(hours=1)
PASSWORD = "securepassword"
_numbers = itertools.count(1)


async def make_member(world: World, *, credits: int = 1, **names: str) -> Person:
    """Somebody with so many credits: the first one, and what he has bought."""
    person, _ = await keep_member(world.services, **names)
    await world.services.credits.account(person.id)
    if credits > 1:
        await buy(world, person, credits - 1)
    return person


async def keep_member(
    services: Services, name: str | None = None, *, first_name: str = "John", last_name: str = "Doe"
) -> tuple[Person, str]:
    """Somebody who has registered by a username, with his token: kept in one write. His letter has gone out long ago,
    and he has not asked yet for what credits he has."""
    name = name or f"member{next(_numbers)}"
    email = f"{name}@example.com"
    return await keep_person(
        services,
        contract="experts",
        password=PASSWORD,
        username=name,
        email=email,
        email_pending=email,
        first_name=first_name,
        last_name=last_name,
    )


async def buy(world: World, person: Person, credits: int) -> None:
    await world.services.purchases.buy(
        person.id, credits=credits, amount_in_cents=100 * credits, payment_method="credit_card"
    )


async def make_meeting(
    world: World, requester: Person, expert: Person, *, after: timedelta = HOUR, lasts: timedelta = HOUR
) -> Booking:
    starts = world.services.clock.now() + after
    return await world.services.meetings.create(
        requester,
        title="Python Debugging Session",
        description="Need help",
        expert_id=expert.id,
        category_id=1,
        starts=starts,
        ends=starts + lasts,
    )


async def make_confirmed_meeting(
    world: World, requester: Person, expert: Person, *, after: timedelta = HOUR
) -> Booking:
    booking = await make_meeting(world, requester, expert, after=after)
    return await world.services.meetings.confirm(booking, expert.id)


async def make_completed_meeting(world: World, requester: Person, expert: Person) -> Booking:
    """The clock stands at its end."""
    booking = await make_confirmed_meeting(world, requester, expert)
    assert booking.ends is not None
    move_clock(world, booking.ends)
    completed = await world.services.meetings.complete(booking, expert.id)
    await world.services.background.idle()
    return completed


async def free(world: World, person: Person) -> int:
    return (await world.services.credits.account(person.id)).free


async def held(world: World, person: Person) -> int:
    return len((await world.services.credits.account(person.id)).holds)


async def check(world: World) -> None:
    """Nothing was made or lost."""
    await world.services.background.idle()
    assert await world.services.credit_recount.check() == []
    assert await world.services.billing.check() == []
