"""The one way in which a booking comes to be and changes.

Each change is one conditional update; whoever comes second is refused by it. What happened is written as news
into the booking in the same update and passed on afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from store.bookings import Stale
from store.database import Database
from thserver.domain import bookings as rules
from thserver.domain import codes
from thserver.domain.bookings import Booking, News, Pin, Role, State, Suggestion
from thserver.domain.errors import AlreadyExists, Unavailable
from thserver.domain.ports import Clock
from thserver.services.news import NewsDesk

PIN_ATTEMPTS = 20
READ_AGAIN = 5


class BookingMoves:
    def __init__(self, *, database: Database, clock: Clock, news: NewsDesk, secret_key: str) -> None:
        self._bookings = database.bookings
        self._clock = clock
        self._news = news
        self._secret_key = secret_key

    async def add(
        self, booking: Booking, keep: Callable[[Booking], Awaitable[None]] | None = None
    ) -> Booking:
        """Keep a new booking; one that is agreed from the start gets its PINs. Raises AlreadyOpen or TimeTaken.

        `keep` is how, where something else must happen in the same step.
        """
        for attempt in range(PIN_ATTEMPTS):
            if booking.state is State.AGREED:
                booking.pins = self._pins(booking, attempt)
                booking.sequence = 1
            try:
                await (keep or self._bookings.add)(booking)
            except AlreadyExists as error:
                if error.field != "pins.hash":
                    raise
            else:
                return self._told(booking)
        raise Unavailable

    async def make(
        self,
        name: str,
        what: str,
        booking: Booking,
        person_id: int | None,
        *,
        check: Callable[[Booking], None] | None = None,
        changes: dict[str, Any] | None = None,
        suggestion: Suggestion | None = None,
    ) -> Booking:
        """Make this move, or see it refused. When only the suggestions have changed since the booking was read,
        it is checked again; another state than the one that the caller saw is WrongState."""
        seen = booking
        attempt = 0
        for _ in range(READ_AGAIN + PIN_ATTEMPTS):
            role = Role.SYSTEM if person_id is None else seen.role_of(person_id)
            move = rules.check_move(seen, name, role)
            if check is not None:
                check(seen)
            now = self._clock.now()
            suggestions = len(seen.suggestions) + (suggestion is not None)
            try:
                moved = await self._bookings.move(
                    seen,
                    move,
                    changes or {},
                    news=News(f"{what}:{suggestions}", what, person_id, now),
                    now=now,
                    suggestion=suggestion,
                    pins=self._pins(seen, attempt) if move.to is State.AGREED else (),
                )
            except AlreadyExists as error:
                if error.field != "pins.hash":
                    raise
                attempt += 1
            except Stale:
                again = await self._bookings.get(booking.id)
                if again is None or again.state is not booking.state:
                    raise
                seen = again
            else:
                return self._told(moved)
        raise Unavailable

    def _told(self, booking: Booking) -> Booking:
        self._news.tell(booking)
        return booking

    def _pins(self, booking: Booking, attempt: int) -> tuple[Pin, ...]:
        """A PIN for each participant, none like another in this booking."""
        pins: dict[str, Pin] = {}
        for person_id in booking.people_ids:
            own = attempt
            while (pin := codes.pin_for(self._secret_key, booking.id, person_id, own)) in pins:
                own += PIN_ATTEMPTS
            pins[pin] = Pin(person_id, own, codes.keyed_hash(self._secret_key, "pin", pin))
        return tuple(pins.values())
