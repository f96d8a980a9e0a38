"""Sessions: half an hour or an hour of a mentor's published time, asked for by a mentee.

The rules of bookings are in `bookings`; here is only what ties a session to a window of availability.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from store.database import Database
from thserver.domain import availability as rules
from thserver.domain.bookings import TAKING, Booking, Kind, is_stale
from thserver.domain.errors import Invalid, TimeTaken
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.availability import AvailabilityService
from thserver.services.bookings import BookingService

ARCHIVED_AFTER = timedelta(hours=24)


class Sessions:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        availability: AvailabilityService,
        bookings: BookingService,
    ) -> None:
        self._rows = database.bookings
        self._people = database.people
        self._clock = clock
        self._availability = availability
        self._bookings = bookings

    async def request(self, mentee: Person, *, window_id: int, starts: datetime, minutes: int) -> Booking:
        """Ask for a session that begins in this window. It holds its time while it waits for the mentor's word.

        Raises Invalid, or TimeTaken for a time at which the mentor is booked by whatever contract.
        """
        starts = rules.whole_seconds(starts)
        if minutes not in rules.LENGTHS_IN_MIN:
            raise Invalid(minutes="not_a_length")
        if starts <= self._clock.now():
            raise Invalid(start_time="in_the_past")
        windows = await self._availability.covering(window_id, starts, minutes)
        mentor = await self._people.get(windows[0].person_id)
        if mentor is None or not mentor.is_active:
            raise Invalid(availability="unknown")
        if mentor.id == mentee.id:
            raise Invalid(availability="oneself")
        await self._look(mentor.id, starts, starts + timedelta(minutes=minutes))
        claimed = await self._availability.claim(windows)
        try:
            return await self._bookings.propose(
                Kind.SESSION,
                host=mentor,
                guest_ids=[mentee.id],
                by=mentee.id,
                starts=starts,
                minutes=minutes,
                details={"window": window_id, "claim": claimed.id},
            )
        except (TimeTaken, Invalid):
            # Whatever else may be raised does not say for sure that there is no booking: such a claim ages.
            await self._availability.release(claimed)
            raise

    async def of_person(
        self, person_id: int, *, archived: bool = False, skip: int, limit: int
    ) -> list[Booking]:
        """One's own sessions, as mentor and as mentee, the latest first; `archived` are those that began more
        than a day ago."""
        before = self._clock.now() - ARCHIVED_AFTER if archived else None
        return await self._rows.with_start(person_id, Kind.SESSION, before=before, skip=skip, limit=limit)

    async def people_in(self, sessions: Sequence[Booking]) -> dict[int, Person]:
        return await self._people.shown({person_id for each in sessions for person_id in each.people_ids})

    async def confirm(self, person_id: int, session_id: int) -> Booking:
        """The mentor says yes. Raises NotFound, NotAllowed or WrongState."""
        return await self._bookings.confirm(await self.find(person_id, session_id), person_id)

    async def cancel(self, person_id: int, session_id: int) -> Booking:
        """Either side withdraws until it starts, which frees the time. Raises NotFound or WrongState."""
        return await self._bookings.cancel(await self.find(person_id, session_id), person_id)

    async def find(self, person_id: int, session_id: int) -> Booking:
        return await self._bookings.find(session_id, person_id, Kind.SESSION)

    async def _look(self, mentor_id: int, starts: datetime, ends: datetime) -> None:
        """A look beforehand, which spares most losers of a race the work; the index on bookings decides.
        A request that nobody answered until its time came does not stand in the way, even before its sweep."""
        now = self._clock.now()
        held = [
            booking
            for booking in await self._rows.of_hosts([mentor_id], after=starts, before=ends)
            if booking.state in TAKING
        ]
        if not all(is_stale(booking, now) for booking in held):
            raise TimeTaken
        if held:
            await self._bookings.lapse_stale(now)
