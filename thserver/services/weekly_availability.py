"""When people can be met, week by week, in the time of their own zone."""

from __future__ import annotations

from datetime import datetime, time

from store.database import Database
from thserver.domain import weekly_availability as rules
from thserver.domain.errors import AlreadyExists, Invalid
from thserver.domain.people import Person
from thserver.domain.weekly_availability import WeeklyWindow


class WeeklyAvailabilityService:
    def __init__(self, *, database: Database) -> None:
        self._windows = database.weekly_availability
        self._numbers = database.numbers

    async def of_person(self, person_id: int) -> list[WeeklyWindow]:
        return await self._windows.of_person(person_id)

    async def add(self, person_id: int, *, day: int, starts: time, ends: time) -> WeeklyWindow:
        """Raises Invalid by field."""
        rules.check_window(starts, ends)
        if len(await self._windows.of_person(person_id)) >= rules.MOST_WINDOWS:
            raise Invalid(day="too_many")
        window = WeeklyWindow(await self._numbers.next("weekly_availability"), person_id, day, starts, ends)
        try:
            await self._windows.add(window)
        except AlreadyExists as error:
            raise Invalid(day="there_already") from error
        return window

    async def is_available(self, person: Person, starts: datetime, ends: datetime) -> bool:
        """Whether this person can be met all the time; whoever has stated nothing always can."""
        windows = await self._windows.of_person(person.id)
        return not windows or rules.covers(windows, person.zone, starts, ends)
