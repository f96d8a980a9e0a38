"""Who is king after the king: one of the others, drawn by lot among those who are free then."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

from store.database import Database
from thserver.domain import gatherings as rules
from thserver.domain.bookings import Booking
from thserver.domain.errors import TimeTaken
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.gathering_news import left_news
from thserver.services.news import NewsDesk
from thserver.services.rooms import RoomKeeper


class Heirs:
    def __init__(self, *, database: Database, clock: Clock, news: NewsDesk, rooms: RoomKeeper) -> None:
        self._gatherings = database.gatherings
        self._people = database.people
        self._clock = clock
        self._news = news
        self._rooms = rooms

    async def pass_on(self, booking: Booking, now: datetime) -> Booking:
        """The king leaves, and one of the others is king. Raises Stale."""
        heirs = list(booking.guest_ids)
        random.shuffle(heirs)
        people = await self._people.many(heirs)
        heirs = [each for each in heirs if each in people and people[each].has_account] or heirs
        in_use = await self._rooms.is_used(booking.room, booking.id)
        holds_time = rules.holds_time(booking, now)
        for heir_id in heirs:
            try:
                changed = await self._crown(booking, heir_id, people, in_use=in_use, holds_time=holds_time)
                break
            except TimeTaken:
                continue
        else:
            # Everybody hosts another call then: one of them is king all the same, and chooses when he dials.
            changed = await self._crown(booking, heirs[0], people, in_use=in_use, holds_time=False)
        if in_use and not await self._rooms.is_used(booking.room, booking.id):
            await self._gatherings.take_next_room(booking.id)
        self._news.tell(changed)
        return changed

    async def _crown(
        self, booking: Booking, heir_id: int, people: Mapping[int, Person], *, in_use: bool, holds_time: bool
    ) -> Booking:
        name = people[heir_id].full_name if heir_id in people else ""
        now = self._clock.now()
        return await self._gatherings.crown(
            booking,
            heir_id,
            room=await self._people.give_slug(heir_id, name),
            later=in_use,
            holds_time=holds_time,
            news=left_news(booking, booking.host_id, booking.host_id, now),
            now=now,
        )
