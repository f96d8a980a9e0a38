"""The calendar that a person's own calendar program reads: at a secret address, which he makes and revokes.

Whoever knows the address reads it, without signing in. It tells who, when and the number, and never a PIN.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from store.calendar_feeds import CalendarFeed
from store.database import Database
from thserver.domain import codes
from thserver.domain.bookings import Booking, Kind
from thserver.domain.errors import NotFound
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.request_limits import RequestLimits
from thserver.wording import calendar
from thserver.wording.calendar import Entry

BACK = timedelta(days=30)
AHEAD = timedelta(days=366)
CANCELLED_FOR = timedelta(days=30)
MOST_ENTRIES = 500
# In a minute. Calendar programs ask a few times a day; those of many people ask from one address.
READS_OF_ONE_FEED = 30
WRONG_TRIES_OF_ONE_ADDRESS = 60
# A gathering's title names its king only; the others' names are not needed.
BY_HOST = frozenset({Kind.GATHERING})


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A feed as it is now; `etag` changes with whatever its reader would see."""

    person: Person
    entries: tuple[Entry, ...]
    etag: str


class CalendarFeeds:
    def __init__(self, *, database: Database, clock: Clock, entries: CalendarEntries) -> None:
        self._feeds = database.calendar_feeds
        self._bookings = database.bookings
        self._people = database.people
        self._clock = clock
        self._entries = entries
        self._reads = RequestLimits(clock=clock, limit=READS_OF_ONE_FEED)
        self._wrong_tries = RequestLimits(clock=clock, limit=WRONG_TRIES_OF_ONE_ADDRESS)

    async def make(self, person: Person) -> str:
        """The token of a new feed, told only now; an earlier one ends. Raises Throttled."""
        self._reads.count(f"make {person.id}")
        token = codes.new_token()
        await self._feeds.give(person.id, codes.token_hash(token), now=self._clock.now())
        return token

    async def of(self, person: Person) -> CalendarFeed | None:
        return await self._feeds.of(person.id)

    async def revoke(self, person: Person) -> None:
        """Revoking what is not there is no error."""
        await self._feeds.revoke(person.id)

    async def forget(self, person_id: int) -> None:
        """He has closed his account."""
        await self._feeds.revoke(person_id)

    async def look(self, token: str, *, address: str) -> FeedPage:
        """What stands in the feed with this token. Raises NotFound, or Throttled for who asks too often or tries
        too many wrong ones."""
        feed = await self._feeds.with_token(codes.token_hash(token))
        person = await self._people.get(feed.person_id) if feed is not None else None
        if person is None or person.closed is not None or not person.is_active:
            # Only those who are wrong are limited by address: big calendar services ask from few addresses.
            self._wrong_tries.count(address)
            raise NotFound
        self._reads.count(f"read {person.id}")
        now = self._clock.now()
        bookings = await self._bookings.in_calendar(
            person.id,
            after=now - BACK,
            before=now + AHEAD,
            cancelled_since=now - CANCELLED_FOR,
            limit=MOST_ENTRIES,
        )
        people = await self._people.many({each for booking in bookings for each in _named_in(booking)})
        entries = tuple(self._entries.feed_entry(booking, person, people) for booking in bookings)
        seen = hashlib.sha256(repr((person.id, person.timezone, entries)).encode("utf-8", "replace"))
        return FeedPage(person, entries, f'"{seen.hexdigest()[:40]}"')

    async def written(self, page: FeedPage) -> str:
        """The feed as a calendar program reads it. A full one takes long enough to be in others' way."""
        return await asyncio.to_thread(calendar.feed, page.entries, zone=page.person.zone)


def _named_in(booking: Booking) -> tuple[int, ...]:
    return (booking.host_id,) if booking.kind in BY_HOST else booking.people_ids
