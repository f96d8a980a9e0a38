"""Makers of bookings: `make_request`, `make_accepted_request`, `make_agreed_booking`, and people ready for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from store.database import Database
from tests.makers import make_hero, make_person
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.services.all import Services

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HOST, GUEST = 1, 2


@dataclass
class World:
    """What the makers need, handed over by the fixture `world`."""

    services: Services
    database: Database


async def kept(world: World, booking: Booking) -> Booking:
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    return found


def plain_booking(number: int = 1, **more: Any) -> Booking:
    """Of HOST and GUEST, asked for at NOW, but for what `more` says otherwise; kept nowhere."""
    return Booking(
        **{
            "id": number,
            "kind": Kind.CALL,
            "host_id": HOST,
            "guest_ids": (GUEST,),
            "state": State.REQUESTED,
            "room": "tom-brady",
            "minutes": 30,
            "created": NOW,
            "updated": NOW,
            **more,
        }
    )


def quarter_after(moment: datetime, minutes: int) -> datetime:
    """The first quarter hour that is at least so many minutes later."""
    at_least = moment + minutes * MINUTE
    rest = (at_least.minute % 15, at_least.second, at_least.microsecond)
    start = at_least - timedelta(minutes=rest[0], seconds=rest[1], microseconds=rest[2])
    return start if rest == (0, 0, 0) else start + 15 * MINUTE


def three_times(world: World, *, after: int = 60) -> tuple[datetime, datetime, datetime]:
    first = quarter_after(world.services.clock.now(), after)
    return first, first + 60 * MINUTE, first + 120 * MINUTE


async def make_caller(world: World, *, card: bool = True, **known: Any) -> Person:
    """Somebody with proven e-mail and phone and a card, but for what `known` says otherwise."""
    lacking = {name: known.pop(name) for name in ("email_verified", "phone") if name in known}
    person = await make_person(world.services, **known)
    if card:
        await world.services.wallet.add_card(person, "pm_card_visa")
    return await world.database.people.change(person.id, lacking) if lacking else person


async def make_host(world: World, *, rate_in_cents: int = 100, accepted: bool = True) -> tuple[Person, Hero]:
    """A hero who can be asked."""
    hero = await make_hero(world.services, accepted=accepted, rate_in_cents=rate_in_cents)
    person = await world.database.people.get(hero.person_id)
    assert person is not None
    return person, hero


async def make_request(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    return await world.services.bookings.request(
        guest, hero_id=hero.id, message="Teach me how to throw!", minutes=minutes
    )


async def make_accepted_request(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    booking = await make_request(world, guest, hero, minutes=minutes)
    return await world.services.bookings.accept(booking, hero.person_id, three_times(world))


async def make_agreed_booking(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    """Agreed for the first quarter hour that is at least an hour ahead."""
    booking = await make_accepted_request(world, guest, hero, minutes=minutes)
    return await world.services.bookings.agree(booking, guest.id, booking.suggestions[0].times[0])
