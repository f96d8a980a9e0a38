"""What happened to a booking, passed on to whoever must act on it: letters, fees, notifications.

News is written into the booking in the same update as the change itself, so that no crash can lose it; it is
taken out again when every subscriber has done its part. Subscribers may see the same news twice and must not mind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from store.database import Database
from thserver.domain.bookings import Booking, News
from thserver.domain.ports import Clock
from thserver.services.background import Background, one_of_many

MOMENT = timedelta(seconds=1)
LEFT_OVER_AFTER = timedelta(seconds=30)

Subscriber = Callable[[Booking, News], Awaitable[None]]


class NewsDesk:
    def __init__(self, *, database: Database, clock: Clock, background: Background) -> None:
        self._bookings = database.bookings
        self._clock = clock
        self._background = background
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def tell(self, booking: Booking) -> None:
        """Pass the booking's news on, after the answer."""
        if booking.news:
            self._background.soon(f"news of booking {booking.id}", lambda: self.tell_now(booking))

    async def tell_now(self, booking: Booking) -> None:
        for news in booking.news:
            for subscriber in self._subscribers:
                await subscriber(booking, news)
            await self._bookings.told(booking.id, news.id)

    async def tell_all_by(self, person_id: int) -> None:
        """Pass on what this person has done, before his name goes."""
        while left := await self._bookings.untold(before=self._clock.now() + MOMENT, by=person_id):
            for booking in left:
                await self.tell_now(booking)

    async def tell_left_over(self) -> int:
        """Pass on what a process that died has left; says how many bookings there were."""
        left = await self._bookings.untold(before=self._clock.now() - LEFT_OVER_AFTER)
        for booking in left:
            with one_of_many(f"news of booking {booking.id}"):
                await self.tell_now(booking)
        return len(left)
