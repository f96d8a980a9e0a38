"""Makers of bookings: `make_request`, `make_accepted_request`, `make_agreed_booking`, and people ready for them.

Each keeps at once what the services would have left, and nobody is told; `request_call`, `accept_call` and
`agree_on_call` make the same by the way that clients go. tests/services/test_makers.py holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from store.booking_documents import from_document, to_document
from store.database import Database
from store.wallets import card_document
from tests.makers import make_new_hero, make_person
from thserver.domain.bookings import Booking, Kind, News, State, Suggestion
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
    lacking: dict[str, Any] = {name: known.pop(name) for name in ("email_verified", "phone") if name in known}
    person = await make_person(world.services, **known)
    if card:
        await _keep_card(world, person)
    return await world.database.people.change(person.id, lacking) if lacking else person


async def _keep_card(world: World, person: Person) -> None:
    """The first card of somebody, as the wallet leaves it when he has nothing to pay."""
    payments = world.services.wallet._payments
    customer_id = await payments.create_customer(person.id, email=person.email, key=f"customer:{person.id}")
    card = await payments.confirm_card(customer_id, "pm_card_visa")
    await world.database.wallets._collection.insert_one(
        {
            "_id": person.id,
            "customer_id": customer_id,
            "cards": [card_document(card)],
            "default_card": card.id,
            "updated": world.services.clock.now(),
        }
    )


async def make_host(world: World, *, rate_in_cents: int = 100, accepted: bool = True) -> tuple[Person, Hero]:
    """A hero who can be asked."""
    return await make_new_hero(world.services, accepted=accepted, rate_in_cents=rate_in_cents)


async def make_request(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    """Asked for, as `request_call` leaves it, but nobody has been told of it. So with the next two."""
    return await _keep(world, await _requested(world, guest, hero, minutes))


async def make_accepted_request(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    return await _keep(world, _accepted(world, await _requested(world, guest, hero, minutes)))


async def make_agreed_booking(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    """Agreed for the first quarter hour that is at least an hour ahead."""
    booking = _accepted(world, await _requested(world, guest, hero, minutes))
    booking.state = State.AGREED
    booking.starts = booking.suggestions[0].times[0]
    booking.rate_in_cents = hero.rate_in_cents
    booking.sequence = 1
    booking.news += (News("agreed:1", "agreed", guest.id, booking.updated),)
    booking.pins = world.services.bookings._moves._pins(booking, 0)
    return await _keep(world, booking)


async def request_call(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    """By the way that a client goes, with everything that follows of it. So with the next two."""
    return await world.services.bookings.request(
        guest, hero_id=hero.id, message="Teach me how to throw!", minutes=minutes
    )


async def accept_call(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    booking = await request_call(world, guest, hero, minutes=minutes)
    return await world.services.bookings.accept(booking, hero.person_id, three_times(world))


async def agree_on_call(world: World, guest: Person, hero: Hero, *, minutes: int = 30) -> Booking:
    """For the first quarter hour that is at least an hour ahead."""
    booking = await accept_call(world, guest, hero, minutes=minutes)
    return await world.services.bookings.agree(booking, guest.id, booking.suggestions[0].times[0])


async def _requested(world: World, guest: Person, hero: Hero, minutes: int) -> Booking:
    now = world.services.clock.now()
    return Booking(
        id=await world.database.numbers.next("bookings"),
        kind=Kind.CALL,
        host_id=hero.person_id,
        guest_ids=(guest.id,),
        state=State.REQUESTED,
        room=hero.slug,
        message="Teach me how to throw!",
        minutes=minutes,
        news=(News("requested:0", "requested", guest.id, now),),
        created=now,
        updated=now,
    )


def _accepted(world: World, booking: Booking) -> Booking:
    booking.state = State.ACCEPTED
    booking.suggestions = (Suggestion(booking.host_id, three_times(world), booking.updated),)
    booking.news += (News("accepted:1", "accepted", booking.host_id, booking.updated),)
    return booking


async def _keep(world: World, booking: Booking) -> Booking:
    """With all that happened to it as told."""
    document = {**to_document(booking), "news": []}
    await world.database.bookings._insert(document)
    return from_document(document)
