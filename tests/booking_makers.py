"""Makers of bookings: `make_request`, `make_accepted_request`, `make_agreed_booking`, and people ready for them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from store.database import Database
from thserver.domain.bookings import Booking
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.services.all import Services

MINUTE = timedelta(minutes=1)


class Wallet:
    """Stands in for the wallet where cards are not what a test is about: the people in it have a card."""

    def __init__(self) -> None:
        self.with_card: set[int] = set()

    async def has_card(self, person_id: int) -> bool:
        return person_id in self.with_card


@dataclass
class World:
    """Everything that the makers need, handed over by the fixture `world`."""

    services: Services
    database: Database
    wallet: Wallet


def quarter_after(moment: datetime, minutes: int) -> datetime:
    """The first quarter hour that is at least so many minutes later."""
    at_least = moment + minutes * MINUTE
    rest = (at_least.minute % 15, at_least.second, at_least.microsecond)
    start = at_least - timedelta(minutes=rest[0], seconds=rest[1], microseconds=rest[2])
    return start if rest == (0, 0, 0) else start + 15 * MINUTE


def three_times(world: World, *, after: int = 60) -> tuple[datetime, datetime, datetime]:
    first = quarter_after(world.services.clock.now(), after)
    return first, first + 60 * MINUTE, first + 120 * MINUTE


async def make_caller(world: World, *, card: bool = True, **more: Any) -> Person:
    """Somebody with proven e-mail and phone and a card."""
    now = world.services.clock.now()
    number = await world.database.numbers.next("people")
    person = Person(
        **{
            "id": number,
            "uuid": str(uuid.uuid4()),
            "first_name": "Cam",
            "last_name": "Newton",
            "email": f"cam{number}@example.com",
            "email_verified": True,
            "phone": f"+1202555{1000 + number}",
            "timezone": "America/Chicago",
            "created": now,
            "updated": now,
            **more,
        }
    )
    await world.database.people.add(person)
    if card:
        world.wallet.with_card.add(number)
    return person


async def make_host(world: World, *, rate_in_cents: int = 100, accepted: bool = True) -> tuple[Person, Hero]:
    """A hero who can be asked."""
    person = await make_caller(world, first_name="Tom", last_name="Brady", card=False)
    slug = await world.database.people.give_slug(person.id, person.full_name)
    now = world.services.clock.now()
    # Numbers of heroes and of people are apart on purpose: a test that mixes them up should fail.
    hero = Hero(
        id=1000 + await world.database.numbers.next("heroes"),
        person_id=person.id,
        name=person.full_name,
        slug=slug,
        discipline="BE",
        title="REST APIs",
        description="How to make one",
        position="Engineer",
        company="SpaceX",
        short_bio="Short",
        years_of_exp=3,
        rate_in_cents=rate_in_cents,
        linkedin_url="http://www.django-rest-framework.org",
        created=now,
        updated=now,
    )
    await world.database.heroes.add(hero)
    return person, await world.database.heroes.change(hero.id, {"accepted": accepted}, now=now)


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
