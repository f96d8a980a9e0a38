"""Counting bookings again: whether their states, their conferences and their charges still agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from store.booking_pages import BookingPage
from store.database import Database
from thserver.domain import pricing
from thserver.domain.bookings import MEETS_AGAIN, Booking, Kind, State
from thserver.domain.charges import Charge, call_charge_id
from thserver.domain.charges import Kind as ChargeKind
from thserver.domain.conferences import Conference, talk_intervals
from thserver.domain.ports import Clock

# A booking of which something is younger is left to the next count: it may be on its way through the sweeps, and its
# parts are not read at one moment.
ON_ITS_WAY = timedelta(minutes=10)
LONGEST_CONFERENCE = timedelta(days=1)
NO_CEILING = 10**9


class BookingRecount:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._pages = database.booking_pages
        self._clock = clock

    async def count(self) -> int:
        """About how many bookings there are to count."""
        return await self._pages.count()

    async def check(self, advance: Callable[[int], None] = lambda done: None) -> list[str]:
        """Every difference in one line; none is how it should be. `advance` is told how many more bookings are done."""
        wrong: list[str] = []
        last: int | None = None
        while True:
            page = await self._pages.after(last)
            wrong += differences(page, now=self._clock.now())
            advance(len(page.bookings))
            last = page.last
            if last is None:
                return wrong


def differences(page: BookingPage, *, now: datetime) -> list[str]:
    conferences: defaultdict[int, list[Conference]] = defaultdict(list)
    charges: defaultdict[int, list[Charge]] = defaultdict(list)
    for conference in page.conferences:
        conferences[conference.booking_id].append(conference)
    for charge in page.charges:
        charges[charge.booking_id].append(charge)
    wrong = []
    for booking_id in sorted(page.bookings.keys() | conferences.keys() | charges.keys()):
        booking = page.bookings.get(booking_id)
        met = sorted(conferences[booking_id], key=lambda each: (each.created, each.sid))
        where = f"booking {booking_id}"
        if _last_change(booking, met, charges[booking_id]) > now - ON_ITS_WAY:
            continue
        if booking is None:
            wrong += [f"conference {each.sid} belongs to {where}, which is not there" for each in met]
            wrong += [
                f"charge {each.id} belongs to {where}, which is not there" for each in charges[booking_id]
            ]
            continue
        wrong += [f"{where}: {problem}" for problem in _of_booking(booking, met, charges[booking_id], now)]
    return wrong


def _last_change(booking: Booking | None, conferences: list[Conference], charges: list[Charge]) -> datetime:
    return max(
        [
            *([booking.updated] if booking is not None else []),
            *(each.ended or each.created for each in conferences),
            *(each.updated for each in charges),
        ]
    )


def _of_booking(
    booking: Booking, conferences: list[Conference], charges: list[Charge], now: datetime
) -> list[str]:
    wrong = []
    by_conference = {each.conference_sid: each for each in charges if each.kind is ChargeKind.CALL}
    shared = []
    for conference in conferences:
        name = f"conference {conference.sid}"
        if not conference.complete:
            if conference.created < now - LONGEST_CONFERENCE:
                wrong.append(f"{name} has been going on for more than a day")
            continue
        if not conference.settled:
            wrong.append(f"{name} is over and not settled")
            continue
        talked = talk_intervals(conference.legs, booking.host_id)
        shared += talked
        charge = by_conference.pop(conference.sid, None)
        if booking.kind is Kind.CALL and bool(talked) is not (charge is not None):
            wrong.append(f"{name}: {'a talk without a charge' if talked else 'a charge without a talk'}")
        elif charge is not None:
            wrong += [f"charge {charge.id}: {problem}" for problem in _of_charge(charge, shared)]
    wrong += [
        f"charge {each.id} is for a conference that is not there or not over"
        for each in by_conference.values()
    ]
    if shared and booking.kind not in MEETS_AGAIN and booking.state not in (State.HELD, State.CANCELLED):
        wrong.append(f"host and guest talked, and it is {booking.state}")
    if (
        booking.kind is Kind.CALL
        and booking.state is State.HELD
        and not any(talk_intervals(each.legs, booking.host_id) for each in conferences)
    ):
        wrong.append("it is held, and host and guest were never on the line together")
    for charge in charges:
        if charge.kind is ChargeKind.CANCELATION and booking.state is not State.CANCELLED:
            wrong.append(f"charge {charge.id} is for a cancellation, and it is {booking.state}")
    if booking.fee_in_cents and booking.state is State.CANCELLED:
        fees = [each.amount_in_cents for each in charges if each.kind is ChargeKind.CANCELATION]
        if fees != [booking.fee_in_cents]:
            wrong.append(f"a fee of {booking.fee_in_cents} cents, and charges of {fees}")
    return wrong


def _of_charge(charge: Charge, shared: list[tuple[datetime, datetime]]) -> list[str]:
    """`shared` is all time that host and guest had together in the booking up to the end of this conference."""
    wrong = []
    price = pricing.price(shared, rate_in_cents=charge.rate_in_cents, most_minutes=NO_CEILING)
    if tuple(charge.intervals) != price.intervals:
        wrong.append("its intervals are not those of the conferences")
    # The ceiling may have been another one then, so less than all minutes is no difference.
    if charge.minutes > price.minutes or (price.minutes and not charge.minutes):
        wrong.append(f"{charge.minutes} minutes, {price.minutes} by the conferences")
    expected = min(charge.minutes * max(charge.rate_in_cents, 0), pricing.LARGEST_CHARGE_IN_CENTS)
    if charge.price_in_cents != expected:
        wrong.append(f"{charge.price_in_cents} cents for {charge.minutes} minutes at {charge.rate_in_cents}")
    if charge.id != call_charge_id(charge.booking_id, charge.conference_sid or ""):
        wrong.append("its id is not that of its conference")
    return wrong
