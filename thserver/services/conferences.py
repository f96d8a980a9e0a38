"""Conferences: what the carrier tells is kept first and applied second; the log for those who took part."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from store.database import Database
from thserver.domain.bookings import Booking, Kind
from thserver.domain.conferences import Conference, ConferenceEvent, derive
from thserver.domain.errors import NotAllowed, NotFound, Unavailable
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.rooms import RoomKeeper

log = logging.getLogger(__name__)

LONGEST_SID = 100
AT_A_TIME = 4
LEFT_OVER_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Conferences with what is needed to show them: their bookings and people, by id."""

    count: int
    conferences: list[Conference]
    bookings: dict[int, Booking]
    people: dict[int, Person]


class Conferences:
    def __init__(
        self, *, database: Database, clock: Clock, background: Background, rooms: RoomKeeper
    ) -> None:
        self._conferences = database.conferences
        self._events = database.conference_events
        self._calls = database.calls
        self._bookings = database.bookings
        self._gatherings = database.gatherings
        self._people = database.people
        self._clock = clock
        self._background = background
        self._rooms = rooms
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._on_ended: list[Callable[[], None]] = []
        self._on_told: list[Callable[[Booking, Conference], Awaitable[None]]] = []

    def on_ended(self, subscriber: Callable[[], None]) -> None:
        """Have this called whenever a conference is over and told in full: something is due then."""
        self._on_ended.append(subscriber)

    def on_told(self, subscriber: Callable[[Booking, Conference], Awaitable[None]]) -> None:
        """Have this called with what a conference has become, whenever something new of it is known."""
        self._on_told.append(subscriber)

    async def record(
        self,
        booking_id: int,
        conference_sid: str,
        event: ConferenceEvent,
        *,
        raw: list[list[str]] | None = None,
    ) -> bool:
        """Keep an event and apply it after the answer. False when it was told before."""
        is_new = await self.note(booking_id, conference_sid, event, raw=raw)
        if is_new:
            self._background.soon(f"conference {conference_sid}", lambda: self._apply_in_turn(conference_sid))
        return is_new

    async def note(
        self,
        booking_id: int,
        conference_sid: str,
        event: ConferenceEvent,
        *,
        raw: list[list[str]] | None = None,
    ) -> bool:
        """Keep an event for whoever applies it next. False when it is there already."""
        return await self._events.add(
            conference_sid, event, booking_id=booking_id, now=self._clock.now(), raw=raw
        )

    async def apply(self, conference_sid: str) -> Conference | None:
        """Derive the conference from all its events, and everything that follows from it. Safe to repeat."""
        stored = await self._events.of_conference(conference_sid)
        if stored is None:
            return None
        keys = [event.key for event in stored.events]
        booking = await self._bookings.get(stored.booking_id)
        if booking is None:
            log.warning("conference %s belongs to no booking: %s", conference_sid, stored.booking_id)
            await self._events.applied(conference_sid, keys)
            return None
        sids = {event.call_sid for event in stored.events if event.call_sid}
        callers, arriving = await self._calls.callers(sids)
        conference = derive(conference_sid, stored.events, booking_id=booking.id, callers=callers)
        conference.room = conference.room or booking.room
        conference.kind = booking.kind.value
        conference.people_ids = tuple(dict.fromkeys((*booking.people_ids, *callers.values())))
        await self._conferences.put(conference, events=len(stored.events), now=self._clock.now())
        await self._calls.arrived(arriving, conference_sid)
        await self._rooms.follow(conference, events=len(stored.events))
        if booking.kind is Kind.GATHERING:
            await self._follow_people(conference)
        for hear in self._on_told:
            await hear(booking, conference)
        await self._events.applied(conference_sid, keys)
        if conference.complete:
            for subscriber in self._on_ended:
                subscriber()
        return conference

    async def show_out(self, conference: Conference) -> None:
        """Take off the line whoever should not be on it any more, should that have failed before."""
        if conference.kind == Kind.GATHERING.value and conference.present:
            await self._rooms.show_out(conference.booking_id)

    async def _follow_people(self, conference: Conference) -> None:
        """A gathering's people may have changed while they were on the line, or on their way."""
        if conference.ended is not None:
            await self._gatherings.take_next_room(conference.booking_id)
        else:
            await self.show_out(conference)

    async def _apply_in_turn(self, conference_sid: str) -> None:
        # Answers come first: however many events pour in, only a few are applied at a time.
        async with self._turns:
            await self.apply(conference_sid)

    async def apply_left_over(self) -> int:
        """Apply what a process that died has left; says how many conferences there were."""
        left = await self._events.left_over(before=self._clock.now() - LEFT_OVER_AFTER)
        for conference_sid in left:
            try:
                await self.apply(conference_sid)
            except Unavailable:
                raise
            except Exception:
                # One that can not be applied must not keep the others waiting.
                log.exception("conference %s could not be applied", conference_sid)
        return len(left)

    async def of_person(self, person: Person, *, skip: int, limit: int) -> Minutes:
        """The conferences that this person has a part in, whichever contract they were booked through, the newest
        first."""
        count, conferences = await self._conferences.of_person(person.id, skip=skip, limit=limit)
        return await self._with_people(count, conferences)

    async def get(self, person: Person, sid: str) -> Minutes:
        """One conference. Raises NotFound, or NotAllowed for somebody who has no part in it."""
        conference = await self._conferences.get(sid) if len(sid) <= LONGEST_SID else None
        if conference is None:
            raise NotFound
        if person.id not in conference.people_ids:
            raise NotAllowed
        return await self._with_people(1, [conference])

    async def _with_people(self, count: int, conferences: list[Conference]) -> Minutes:
        bookings = await self._bookings.many({conference.booking_id for conference in conferences})
        ids = {person_id for booking in bookings.values() for person_id in booking.people_ids}
        ids |= {entry.person_id for each in conferences for entry in each.log if entry.person_id is not None}
        return Minutes(count, conferences, bookings, await self._people.many(ids))
