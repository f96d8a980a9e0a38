"""Makers of what costs money: `make_call` (a booking whose call is over), `make_conference`, `give_card`."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from thserver.domain.bookings import Booking
from thserver.domain.charges import Charge, call_charge_id
from thserver.domain.conferences import Conference, Leg
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.domain.ports import Card
from thserver.gateways.simulated_payments import SimulatedPayments

_sids = itertools.count(1)
Span = tuple[float, float]
Agree = Callable[[World, Person, Hero], Awaitable[Booking]]


@dataclass
class Call:
    """A booking with its people; `charge_id` is that of its first conference."""

    booking: Booking
    guest: Person
    host: Person
    conferences: list[Conference]

    @property
    def charge_id(self) -> str:
        return call_charge_id(self.booking.id, self.conferences[0].sid)


async def give_card(world: World, person: Person, test_card: str = "pm_card_visa") -> Card:
    return await world.services.wallet.add_card(person, test_card)


async def make_conference(
    world: World,
    booking: Booking,
    *,
    host: tuple[Span, ...] = ((0, 1800),),
    guest: tuple[Span, ...] = ((0, 1800),),
    starts: datetime | None = None,
    complete: bool = True,
    sid: str | None = None,
) -> Conference:
    """A conference of this booking; the stays on the line are in seconds after `starts`."""
    starts = starts or booking.starts
    assert starts is not None
    legs = sorted(
        (
            Leg(f"CA{next(_sids):032x}", person_id, starts + timedelta(seconds=first), starts + timedelta(seconds=last))
            for person_id, stays in ((booking.host_id, host), (booking.guest_ids[0], guest))
            for first, last in stays
        ),
        key=lambda leg: leg.joined,
    )  # fmt: skip
    lefts = [leg.left for leg in legs if leg.left is not None]
    conference = Conference(
        sid=sid or f"CF{next(_sids):032x}",
        room=booking.room,
        booking_id=booking.id,
        kind=booking.kind.value,
        people_ids=booking.people_ids,
        created=min(leg.joined for leg in legs) if legs else starts,
        started=starts,
        ended=max(lefts, default=starts) if complete else None,
        legs=tuple(legs),
        complete=complete,
    )
    await world.database.conferences.put(conference, events=6, now=world.services.clock.now())
    return conference


async def make_call(
    world: World,
    *,
    seconds: float = 1800,
    rate_in_cents: int = 100,
    card: str | None = None,
    guest: Person | None = None,
    agree: Agree = make_agreed_booking,
) -> Call:
    """A call that host and guest have just had, not settled yet; the clock stands at its end.

    A new guest has a good card; `card` is another one that he gives before the call. `agree` is how they come to it.
    """
    guest = guest or await make_caller(world)
    if card is not None:
        await give_card(world, guest, card)
    host, hero = await make_host(world, rate_in_cents=rate_in_cents)
    booking = await agree(world, guest, hero)
    assert booking.starts is not None
    conference = await make_conference(world, booking, host=((0, seconds),), guest=((0, seconds),))
    move_clock(world, booking.starts + timedelta(seconds=seconds))
    await world.services.background.idle()
    return Call(booking, guest, host, [conference])


def move_clock(world: World, moment: datetime) -> None:
    clock = world.services.clock
    clock.set(max(moment, clock.now()))  # type: ignore[attr-defined]


def later(world: World, **span: float) -> None:
    world.services.clock.advance(**span)  # type: ignore[attr-defined]


async def settle(world: World) -> None:
    """Everything that the sweep does now."""
    await world.services.card_events.apply_due()
    await world.services.billing.settle_due()
    await world.services.background.idle()
    await world.services.billing.charge_due()
    await world.services.background.idle()


async def charge_of(world: World, charge_id: str) -> Charge:
    charge = await world.database.charges.get(charge_id)
    assert charge is not None, f"there is no charge {charge_id}"
    return charge


def paid_intents(payments: SimulatedPayments) -> list[dict[str, object]]:
    return [intent for intent in payments.intents() if intent["status"] == "succeeded"]
