"""Reminders: a sweep over agreed calls that are about to start, once for each person and each lead.

Nothing is set like an alarm: a reminder is due because a booking says so and there is no row for it yet.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
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


class Wishes(Protocol):
    """Who does not want to be told; asked at the moment of telling."""

    async def not_wanted(
        self, person_ids: Collection[int], kind: Kind, what: str | timedelta
    ) -> set[int]: ...


class AllIsWanted:
    async def not_wanted(self, person_ids: Collection[int], kind: Kind, what: str | timedelta) -> set[int]:
        return set()


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
            for booking in fresh:
                try:
                    written += await self._remind(booking)
                except Refusal as refusal:
                    log.warning("nobody was reminded of booking %s: %s", booking.id, refusal)
            seen.update(booking.id for booking in fresh)
            if len(page) < PAGE or not fresh:
                return written
            first = page[-1].starts or first

    async def heard(self, booking: Booking, news: News) -> None:
        """What was agreed for very soon is reminded of at once."""
        if news.what == "agreed" and booking.state is State.AGREED:
            await self._remind(booking)

    async def _remind(self, booking: Booking) -> int:
        due = self._due(booking, self._clock.now())
        wanted = {
            key_of(booking.id, person_id, lead): (person_id, lead, useful_until)
            for lead, useful_until in due
            for person_id in booking.people_ids
        }
        missing = wanted.keys() - await self._outbox.known(wanted)
        if not missing:
            return 0
        not_wanted = {
            lead: await self._wishes.not_wanted(booking.people_ids, booking.kind, lead) for lead, _ in due
        }
        people = await self._people.many(booking.people_ids)
        written = 0
        for key in sorted(missing):
            person_id, lead, useful_until = wanted[key]
            if person_id in people and person_id not in not_wanted[lead]:
                written += await self._add(key, booking, people[person_id], people, useful_until)
        return written

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

    async def _add(
        self, key: str, booking: Booking, person: Person, people: Mapping[int, Person], useful_until: datetime
    ) -> bool:
        assert booking.starts is not None
        other = others_of(booking, person.id, people)
        pin = pin_of(booking, person.id, self._secret_key)
        letter = None
        if person.email:
            facts = {
                "other": other,
                "starts": booking.starts,
                "minutes": booking.minutes,
                "number": self._number,
                "pin": pin,
            }
            letter = LetterDraft(to=person.email, template="reminder", facts=facts)
        if person.phone:
            body = texts.reminder(
                other=other, starts=booking.starts, zone=person.zone, number=self._number, pin=pin
            )
            return await self._outbox.add_text(
                key=key,
                to=person.phone,
                person_id=person.id,
                body=body,
                purpose="reminder",
                booking_id=booking.id,
                booking_starts=booking.starts,
                instead=letter,
                not_after=useful_until,
            )
        if letter is not None:
            return await self._outbox.add_letter(
                key=key,
                to=letter.to,
                person_id=person.id,
                template=letter.template,
                facts=letter.facts,
                booking_id=booking.id,
                purpose="reminder",
                booking_starts=booking.starts,
                not_after=useful_until,
            )
        return False


def key_of(booking_id: int, person_id: int, lead: timedelta) -> str:
    return f"reminder:{booking_id}:{person_id}:{int(lead.total_seconds()) // 60}"


def others_of(booking: Booking, person_id: int, people: Mapping[int, Person]) -> str:
    """Whom this person is going to talk to: `Tom Brady`, `Tom Brady and 2 others`."""
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
