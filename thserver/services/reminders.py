"""Reminders: a sweep over agreed calls that are about to start, once for each person and each lead.

Nothing is set like an alarm: a reminder is due because a booking says so and there is no row for it yet.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from store.database import Database
from thserver.domain import codes
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.errors import Refusal
from thserver.domain.outbox import LetterDraft
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.outbox import Outbox
from thserver.wording import texts

log = logging.getLogger("thserver.reminders")

PAGE = 500
# How far back the sweep looks for calls whose reminders nobody was there to send: they are shown as missed.
LOOK_BACK = timedelta(days=1)
# Of these people are reminded by e-mail and, where they have a phone, by text as well.
BOTH_WAYS = frozenset({Kind.MEMORIAL})


class Wishes(Protocol):
    """Who does not want to be told; asked at the moment of telling."""

    async def not_wanted(
        self, person_ids: Collection[int], kind: Kind, what: str | timedelta
    ) -> set[int]: ...


class AllIsWanted:
    async def not_wanted(self, person_ids: Collection[int], kind: Kind, what: str | timedelta) -> set[int]:
        return set()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A reminder that there should be a row for."""

    key: str
    booking: Booking
    person_id: int
    lead: timedelta
    useful_until: datetime


class Reminders:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        outbox: Outbox,
        leads_in_min: Mapping[Kind, Sequence[int]],
        other_leads_in_min: Sequence[int],
        grace: timedelta,
        conference_number: str,
        secret_key: str,
        wishes: Wishes | None = None,
    ) -> None:
        """`leads_in_min` is how long before the start each kind of booking is reminded of, `other_leads_in_min`
        that of the kinds not in it; a reminder is of use until `grace` after the start."""
        self._bookings = database.bookings
        self._people = database.people
        self._clock = clock
        self._outbox = outbox
        self._wishes = wishes or AllIsWanted()
        self._leads = {
            kind: sorted(
                {timedelta(minutes=minutes) for minutes in leads_in_min.get(kind, other_leads_in_min)}
            )
            for kind in Kind
        }
        self._grace = grace
        self._number = conference_number
        self._secret_key = secret_key
        self._subscribers: list[Callable[..., Awaitable[None]]] = []

    def on_reminder(self, subscriber: Callable[..., Awaitable[None]]) -> None:
        """Have `subscriber(booking, person_id, key=…, minutes_ahead=…)` called before each reminder is written; a crash
        between the two repeats it under the same key."""
        self._subscribers.append(subscriber)

    async def send_due(self) -> int:
        """Remind everybody who is due and was not reminded. Says how many reminders were written."""
        now = self._clock.now()
        longest = max((lead for leads in self._leads.values() for lead in leads), default=timedelta())
        first, last = now - LOOK_BACK, now + longest
        written = 0
        seen: set[int] = set()
        while True:
            page = await self._bookings.agreed_between(first, last, limit=PAGE)
            fresh = [booking for booking in page if booking.id not in seen]
            written += await self._remind(fresh)
            seen.update(booking.id for booking in fresh)
            if len(page) < PAGE or not fresh:
                return written
            first = page[-1].starts or first

    async def heard(self, booking: Booking, news: News) -> None:
        """What was agreed for very soon is reminded of at once."""
        if news.what == "agreed" and booking.state is State.AGREED:
            await self._remind([booking])

    async def _remind(self, bookings: Sequence[Booking]) -> int:
        now = self._clock.now()
        wanted = [
            _Wanted(key_of(booking.id, person_id, lead), booking, person_id, lead, useful_until)
            for booking in bookings
            for lead, useful_until in self._due(booking, now)
            for person_id in booking.people_ids
        ]
        missing = await self._wished_for(await self._missing(wanted))
        people = await self._people.many(
            {each for reminder in missing for each in reminder.booking.people_ids}
        )
        written = 0
        for reminder in missing:
            if reminder.person_id in people:
                try:
                    await self._tell(reminder, now)
                    written += await self._add(reminder, people)
                except Refusal as refusal:
                    log.warning("nobody was reminded of booking %s: %s", reminder.booking.id, refusal)
        return written

    async def _tell(self, reminder: _Wanted, now: datetime) -> None:
        starts = reminder.booking.starts or now
        ahead = max(0, -(-(starts - now) // timedelta(minutes=1)))
        for subscriber in self._subscribers:
            await subscriber(reminder.booking, reminder.person_id, key=reminder.key, minutes_ahead=ahead)

    async def _wished_for(self, missing: Sequence[_Wanted]) -> list[_Wanted]:
        asked = {(reminder.booking.kind, reminder.lead) for reminder in missing}
        people_ids = {reminder.person_id for reminder in missing}
        not_wanted = {
            (kind, lead): await self._wishes.not_wanted(people_ids, kind, lead) for kind, lead in asked
        }
        return [
            reminder
            for reminder in missing
            if reminder.person_id not in not_wanted[reminder.booking.kind, reminder.lead]
        ]

    async def _missing(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """Those that were not written before. A booking that was moved since is reminded of again."""
        known = await self._outbox.known(reminder.key for reminder in wanted)
        missing = [reminder for reminder in wanted if reminder.key not in known]
        moved = [
            dataclasses.replace(reminder, key=f"{reminder.key}@{_minute(reminder.booking)}")
            for reminder in wanted
            if reminder.key in known and known[reminder.key] != reminder.booking.starts
        ]
        if moved:
            known = await self._outbox.known(reminder.key for reminder in moved)
            missing += [reminder for reminder in moved if reminder.key not in known]
        return missing

    def _due(self, booking: Booking, now: datetime) -> list[tuple[timedelta, datetime]]:
        """The leads that are due, each with the moment from which on it is of no use any more.

        A lead whose moment had passed when the time was agreed is left out if a later one follows; the last one
        is then sent at once.
        """
        assert booking.starts is not None
        firm_since = booking.updated
        found = []
        useful_until = booking.starts + self._grace
        is_last = True
        for lead in self._leads[booking.kind]:
            moment = booking.starts - lead
            if moment <= now and (is_last or moment >= firm_since):
                found.append((lead, useful_until))
            useful_until = moment
            is_last = False
        return found

    async def _add(self, reminder: _Wanted, people: Mapping[int, Person]) -> bool:
        booking, person = reminder.booking, people[reminder.person_id]
        assert booking.starts is not None
        other = others_of(booking, person.id, people)
        pin = pin_of(booking, person.id, self._secret_key)
        letter = None
        if person.mail_address:
            facts = {
                "other": other,
                "starts": booking.starts,
                "minutes": booking.minutes,
                "number": self._number,
                "pin": pin,
            }
            letter = LetterDraft(to=person.mail_address, template="reminder", facts=facts)
        if person.phone and letter is not None and booking.kind in BOTH_WAYS:
            # Under the key that the text's own substitute would have, so that nobody gets it twice.
            await self._letter(f"{reminder.key}:letter", reminder, letter)
        if person.phone:
            body = texts.reminder(
                other=other, starts=booking.starts, zone=person.zone, number=self._number, pin=pin
            )
            return await self._outbox.add_text(
                key=reminder.key,
                to=person.phone,
                person_id=person.id,
                body=body,
                purpose="reminder",
                booking_id=booking.id,
                booking_starts=booking.starts,
                instead=letter,
                not_after=reminder.useful_until,
            )
        return letter is not None and await self._letter(reminder.key, reminder, letter)

    async def _letter(self, key: str, reminder: _Wanted, letter: LetterDraft) -> bool:
        return await self._outbox.add_letter(
            key=key,
            to=letter.to,
            person_id=reminder.person_id,
            template=letter.template,
            facts=letter.facts,
            booking_id=reminder.booking.id,
            purpose="reminder",
            booking_starts=reminder.booking.starts,
            not_after=reminder.useful_until,
        )


def _minute(booking: Booking) -> int:
    return int(booking.starts.timestamp()) // 60 if booking.starts else 0


def key_of(booking_id: int, person_id: int, lead: timedelta) -> str:
    return f"reminder:{booking_id}:{person_id}:{int(lead.total_seconds()) // 60}"


def others_of(booking: Booking, person_id: int, people: Mapping[int, Person]) -> str:
    """Whom this person is going to talk to: `Tom Brady`, `Tom Brady and 2 others`, `the circle of Tom Brady`."""
    if booking.kind is Kind.MEMORIAL:
        return f"the circle of {booking.details['in_memory_of']}"
    others = [people[each] for each in booking.people_ids if each != person_id and each in people]
    if not others:
        return "the other party"
    more = len(others) - 1
    return others[0].full_name + (f" and {more} other{'s' if more > 1 else ''}" if more else "")


def pin_of(booking: Booking, person_id: int, secret_key: str) -> str | None:
    """This person's PIN in this booking, while it has one."""
    for pin in booking.pins:
        if pin.person_id == person_id:
            return codes.pin_for(secret_key, booking.id, person_id, pin.attempt)
    return None
