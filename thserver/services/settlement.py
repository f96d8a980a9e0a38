"""What is owed after a call: each conference that is over is settled once; bookings become held or missed.

No lease is needed: the charge of a conference has one key, its price is a pure function of conferences that do
not change any more, and every step may be repeated.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain import charges as rules
from thserver.domain import pricing
from thserver.domain.bookings import MEETS_AGAIN, Booking, Kind, News
from thserver.domain.charges import Charge
from thserver.domain.conferences import Conference, talk_intervals
from thserver.domain.errors import AlreadyExists
from thserver.domain.ports import Clock
from thserver.services.background import Background, one_of_many
from thserver.services.bookings import BookingService
from thserver.services.charging import Charging

log = logging.getLogger("thserver.settlement")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

kill_points.POINTS |= {
    "settle.begun": "the conference is over; nothing has been written",
    "settle.charge_written": "the charge is written; the booking is still agreed",
    "settle.held": "the booking is held; the conference is not marked as settled",
    "settle.settled": "the conference is settled; nobody has tried to take the money",
}


class Settlement:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        bookings: BookingService,
        charging: Charging,
        fee_percent: int,
        most_minutes: int,
        admit_before: timedelta,
        admit_after: timedelta,
    ) -> None:
        self._charges = database.charges
        self._conferences = database.conferences
        self._booking_rows = database.bookings
        self._clock = clock
        self._background = background
        self._bookings = bookings
        self._charging = charging
        self._fee_percent = fee_percent
        self._most_minutes = most_minutes
        self._admit_before = admit_before
        self._admit_after = admit_after

    async def settle_due(self) -> int:
        """Settle every conference that is over. Says how many were looked at."""
        over = await self._conferences.unsettled_ended()
        for conference in over:
            with one_of_many(f"settling conference {conference.sid}"):
                await self.settle(conference)
        return len(over)

    async def settle(self, conference: Conference) -> Charge | None:
        """The charge for this conference; None when nobody talked, or an earlier one must be settled first."""
        if not conference.complete:
            return None
        kill_points.reached("settle.begun")
        booking = await self._booking_rows.get(conference.booking_id)
        if booking is None:
            log.error("conference %s belongs to no booking: nothing is charged", conference.sid)
            await self._conferences.mark_settled(conference.sid)
            return None
        earlier = await self._earlier(conference)
        for each in earlier:
            if not each.complete:
                return None
            if not each.settled:
                await self.settle(each)
        charge = None
        talked = talk_intervals(conference.legs, booking.host_id)
        if talked:
            if booking.kind is Kind.CALL:
                charge = await self._charge_for(conference, earlier, booking)
                kill_points.reached("settle.charge_written")
            if self._is_of_its_time(conference, booking):
                await self._bookings.mark_held(booking.id)
            kill_points.reached("settle.held")
        await self._conferences.mark_settled(conference.sid)
        kill_points.reached("settle.settled")
        if charge is not None:
            self._take_soon(charge.id)
        return charge

    async def mark_missed(self) -> int:
        """Bookings whose time is over without host and guest having been on the line together. Says how many."""
        over_before = self._clock.now() - self._admit_after
        missed = 0
        for booking in await self._booking_rows.agreed_between(EPOCH, over_before):
            if booking.ends is None or booking.ends > over_before:
                continue
            conferences = await self._conferences.of_booking(booking.id)
            if any(not each.complete for each in conferences):
                continue
            conferences = [each for each in conferences if self._is_of_its_time(each, booking)]
            if any(talk_intervals(each.legs, booking.host_id) for each in conferences):
                continue  # Settling it makes it held.
            came = {leg.person_id for each in conferences for leg in each.legs}
            if await self._bookings.mark_missed(
                booking, came=[person_id for person_id in booking.people_ids if person_id in came]
            ):
                missed += 1
        return missed

    async def charge_fee(self, booking: Booking, news: News) -> None:
        """Charge the fee of a forced cancellation to whoever cancelled; a subscriber to the news of bookings."""
        if news.what != "cancelled" or booking.fee_in_cents <= 0 or booking.cancelled_by is None:
            return
        charge = rules.cancelation_charge(
            booking_id=booking.id,
            payer_id=booking.cancelled_by,
            fee_in_cents=booking.fee_in_cents,
            now=self._clock.now(),
        )
        try:
            await self._charges.add(charge)
        except AlreadyExists:
            return
        self._take_soon(charge.id)

    def _is_of_its_time(self, conference: Conference, booking: Booking) -> bool:
        """False for a talk before a time that was moved since: whoever came early for the former one has not met at
        this one."""
        if booking.kind not in MEETS_AGAIN or booking.starts is None or conference.ended is None:
            return True
        return conference.ended >= booking.starts - self._admit_before

    async def _earlier(self, conference: Conference) -> list[Conference]:
        """The booking's conferences before this one, the oldest first."""
        before = []
        for each in await self._conferences.of_booking(conference.booking_id):
            if (each.created, each.sid) < (conference.created, conference.sid):
                before.append(each)
        return before

    async def _charge_for(
        self, conference: Conference, earlier: list[Conference], booking: Booking
    ) -> Charge:
        """The charge of this conference, new or as it was written first."""
        intervals = [
            interval
            for each in (*earlier, conference)
            for interval in talk_intervals(each.legs, booking.host_id)
        ]
        sids = {each.sid for each in earlier}
        already = sum(
            each.amount_in_cents
            for each in await self._charges.of_booking(booking.id)
            if each.conference_sid in sids
        )
        charge = rules.call_charge(
            booking_id=booking.id,
            conference_sid=conference.sid,
            payer_id=booking.guest_ids[0],
            host_id=booking.host_id,
            rate_in_cents=booking.rate_in_cents,
            price=pricing.price(
                intervals, rate_in_cents=booking.rate_in_cents, most_minutes=self._most_minutes
            ),
            already_charged_in_cents=already,
            fee_percent=self._fee_percent,
            now=self._clock.now(),
        )
        try:
            await self._charges.add(charge)
        except AlreadyExists:
            return await self._charges.get(charge.id) or charge
        return charge

    def _take_soon(self, charge_id: str) -> None:
        self._background.soon(f"charge {charge_id}", lambda: self._charging.charge_and_tell(charge_id))
