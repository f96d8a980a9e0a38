"""What a practice phone shows beside itself: whose phone it could be, and what is booked for that person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store.database import Database
from thserver.domain.admissions import Window
from thserver.domain.bookings import Booking
from thserver.domain.people import Person
from thserver.domain.ports import Clock

MOST_PEOPLE = 200
MOST_BOOKINGS = 20


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking with its people, the host first; from `opens` on they are let in. `on_line` are the ids of those who
    are in the room."""

    booking: Booking
    people: list[Person]
    opens: datetime
    on_line: frozenset[int]


class PracticeBoard:
    def __init__(self, *, database: Database, clock: Clock, window: Window) -> None:
        self._people = database.people
        self._bookings = database.bookings
        self._conferences = database.conferences
        self._clock = clock
        self._window = window

    async def people(self) -> list[Person]:
        """Whoever has a proven number, in the order of the numbers."""
        return await self._people.with_any_phone(limit=MOST_PEOPLE)

    async def free_from(self, person_ids: Collection[int]) -> datetime:
        """From when on whatever is booked before fits none of these people's calls any more."""
        appointments = await self.appointments(person_ids)
        ends = [each.booking.ends for each in appointments if each.booking.ends is not None]
        reach = self._window.before + self._window.after
        return max([self._clock.now(), *(each + reach for each in ends)])

    async def appointments(self, person_ids: Collection[int]) -> list[Appointment]:
        """What is agreed for any of these people and not over yet, the earliest first."""
        over_since = self._clock.now() - self._window.after
        bookings = await self._bookings.agreed_of_people(
            person_ids, over_since=over_since, limit=MOST_BOOKINGS
        )
        people = await self._people.many({each for booking in bookings for each in booking.people_ids})
        on_line: dict[int, set[int]] = {}
        for conference in await self._conferences.live():
            there = {leg.person_id for leg in conference.present if leg.person_id is not None}
            on_line.setdefault(conference.booking_id, set()).update(there)
        return [
            Appointment(
                booking,
                [people[each] for each in booking.people_ids if each in people],
                booking.starts - self._window.before,
                frozenset(on_line.get(booking.id, ())),
            )
            for booking in bookings
            if booking.starts is not None
        ]
