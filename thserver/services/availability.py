"""When mentors can be booked: published, shown, taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.availability import Claim
from store.database import Database
from thserver.domain import availability as rules
from thserver.domain import codes
from thserver.domain.availability import SlotBooked, Span, Window
from thserver.domain.bookings import TAKING, Kind
from thserver.domain.errors import Invalid, NotAllowed, NotFound
from thserver.domain.people import Person
from thserver.domain.ports import Clock

# Longer than any request may take: a claim of this age without a booking is what a process that died has left.
CLAIM_TAKES = timedelta(minutes=1)
# Windows that are over are kept so long.
KEPT_AFTERWARDS = timedelta(days=1)

Booked = dict[int, list[Span]]


@dataclass(frozen=True, slots=True)
class Claimed:
    """Windows kept from being taken back while something in them is booked."""

    mentor_id: int
    id: str


class AvailabilityService:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._availability = database.availability
        self._profiles = database.mentor_profiles
        self._people = database.people
        self._bookings = database.bookings
        self._numbers = database.numbers
        self._clock = clock

    async def publish(
        self, person: Person, starts: datetime, ends: datetime, *, in_slots: bool
    ) -> list[Window]:
        """Publish this time, as one window or cut into slots. Raises NotAllowed for somebody who is no mentor,
        Invalid, WindowsOverlap or TooManyWindows."""
        if not person.is_mentor and await self._profiles.get(person.id) is None:
            raise NotAllowed
        now = self._clock.now()
        starts, ends = rules.whole_seconds(starts), rules.whole_seconds(ends)
        rules.check_window(starts, ends, now)
        spans = rules.cut(starts, ends) if in_slots else [(starts, ends)]
        first = await self._numbers.next("availability", len(spans))
        windows = [Window(first + place, person.id, *span) for place, span in enumerate(spans)]
        await self._availability.forget_past(person.id, before=now - KEPT_AFTERWARDS)
        await self._availability.add(person.id, windows, most=rules.MOST_WINDOWS)
        return windows

    async def listed(self, *, skip: int, limit: int) -> list[Window]:
        """Every mentor's windows that are not over, from present to future; those of hidden people are left out."""
        found = await self._availability.of_everybody(after=self._clock.now(), skip=skip, limit=limit)
        shown = await self._people.active({window.person_id for window in found})
        return [window for window in found if window.person_id in shown]

    async def of_mentors(self, person_ids: Collection[int]) -> dict[int, list[Window]]:
        """By mentor, the windows that are not over."""
        return await self._availability.of_people(person_ids, after=self._clock.now())

    async def booked(self, mentor_ids: Collection[int]) -> Booked:
        """By mentor, the times at which he is booked, by whatever contract."""
        return await self._bookings.taken_times(mentor_ids, after=self._clock.now())

    async def take_back(self, person_id: int, window_id: int) -> None:
        """Withdraw a window. Raises NotFound for one that is not this mentor's, SlotBooked while a session is
        booked in it."""
        found = await self._availability.with_window(window_id)
        if found is None or found[0] != person_id:
            raise NotFound
        _, windows, claims = found
        window = next(each for each in windows if each.id == window_id)
        sessions = await self._bookings.of_hosts([person_id], after=window.starts, before=window.ends)
        by_claim = {
            booking.details.get("claim"): booking for booking in sessions if booking.kind is Kind.SESSION
        }
        died_before = self._clock.now() - CLAIM_TAKES
        void = [
            claim.id
            for claim in claims
            if (by_claim[claim.id].state not in TAKING if claim.id in by_claim else claim.at < died_before)
        ]
        if not await self._availability.remove(person_id, window_id, void=void):
            if await self._availability.with_window(window_id) is None:
                raise NotFound
            raise SlotBooked

    async def covering(self, window_id: int, starts: datetime, minutes: int) -> list[Window]:
        """The windows of one mentor that hold this time together, beginning with this one. Raises Invalid."""
        found = await self._availability.with_window(window_id)
        if found is None:
            raise Invalid(availability="unknown")
        covering = rules.covering(found[1], window_id, starts, starts + timedelta(minutes=minutes))
        if not covering:
            raise Invalid(window="not_available")
        return covering

    async def claim(self, windows: Sequence[Window]) -> Claimed:
        """Keep these windows of one mentor from being taken back, until what the claim was made for is over or
        `release` ends it. Raises Invalid when one is gone."""
        claimed = Claimed(windows[0].person_id, codes.new_token())
        if not await self._availability.claim(windows, Claim(claimed.id, self._clock.now())):
            raise Invalid(window="not_available")
        return claimed

    async def release(self, claimed: Claimed) -> None:
        await self._availability.release(claimed.mentor_id, claimed.id)
