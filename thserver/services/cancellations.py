"""How often somebody may cancel an accepted call: counted exactly, also when requests race or a process dies."""

from __future__ import annotations

from datetime import timedelta

from store.database import Database
from thserver.domain.ports import Clock

# A cancellation that was counted and is not in its booking after this time died in between.
COUNTING_TAKES = timedelta(minutes=1)
MANY = 1_000_000


class Cancellations:
    def __init__(self, *, database: Database, clock: Clock, allowed: int) -> None:
        self._bookings = database.bookings
        self._people = database.people
        self._clock = clock
        self._allowed = allowed

    async def count(self, person_id: int, booking_id: int) -> bool:
        """Count this cancellation, if one is left. One that was counted and never made gives its place back."""
        for _ in range(2):
            if await self._people.reserve_cancellation(
                person_id, booking_id, allowed=self._allowed, now=self._clock.now()
            ):
                return True
            counted = await self._people.counted_cancellations(
                person_id, before=self._clock.now() - COUNTING_TAKES
            )
            if not await self.forget_uncounted(person_id, counted):
                return False
        return False

    async def keep(self, person_id: int, booking_id: int) -> None:
        """It was made: count it, should the failure of another try at the same moment have given its place back."""
        await self._people.reserve_cancellation(person_id, booking_id, allowed=MANY, now=self._clock.now())

    async def forget_uncounted(self, person_id: int, booking_ids: set[int]) -> bool:
        """Give back the places of those that this person has not cancelled after all; whether there were any."""
        bookings = await self._bookings.many(booking_ids)
        wrong = {
            booking_id
            for booking_id in booking_ids
            if (booking := bookings.get(booking_id)) is None or booking.cancelled_by != person_id
        }
        if wrong:
            await self._people.release_cancellations(person_id, wrong)
        return bool(wrong)
