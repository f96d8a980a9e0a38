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
    """A booking with its people, the host first; from `opens` on they are let in."""

    booking: Booking
    people: list[Person]
    opens: datetime


class PracticeBoard:
    def __init__(self, *, database: Database, clock: Clock, window: Window) -> None:
        self._people = database.people
        self._bookings = database.bookings
        self._clock = clock
        self._window = window

    async def people(self) -> list[Person]:
        """Whoever has a proven number, in the order of the numbers."""
        return await self._people.with_any_phone(limit=MOST_PEOPLE)

    async def appointments(self, person_ids: Collection[int]) -> list[Appointment]:
        """What is agreed for any of these people and not over yet, the earliest first."""
        over_since = self._clock.now() - self._window.after
        bookings = await self._bookings.agreed_of_people(
            person_ids, over_since=over_since, limit=MOST_BOOKINGS
        )
        people = await self._people.many({each for booking in bookings for each in booking.people_ids})
        return [
            Appointment(
                booking,
                [people[each] for each in booking.people_ids if each in people],
                booking.starts - self._window.before,
            )
            for booking in bookings
            if booking.starts is not None
        ]
