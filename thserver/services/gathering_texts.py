"""What the members of a gathering are told: that they are invited, that it has another time, that it was called off.

Whoever has a phone is texted; whoever has an address gets a letter for his calendar, too, or in the text's place.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from store.database import Database
from thserver.domain import gatherings as rules
from thserver.domain.bookings import FIRM, Booking, Kind, News, State
from thserver.domain.errors import Throttled
from thserver.domain.outbox import LetterDraft
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.outbox import Outbox
from thserver.services.reminders import pin_of
from thserver.wording import texts

log = logging.getLogger("thserver.gatherings")

HOUR = timedelta(hours=1)
# News → the letter about it. Whoever does something is not texted about it, and gets the letter for his calendar only.
LETTERS = {
    "agreed": "gathering_made",
    "invited": "gathering_invitation",
    "moved": "gathering_moved",
    "left": "gathering_left",
    "called_off": "gathering_called_off",
}


class GatheringTexts:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        outbox: Outbox,
        calendar: CalendarEntries,
        conference_number: str,
        secret_key: str,
        limit_per_person: int,
    ) -> None:
        """`limit_per_person` is how many invitations one person may have texted within an hour."""
        self._people = database.people
        self._limits = database.limits
        self._clock = clock
        self._outbox = outbox
        self._calendar = calendar
        self._number = conference_number
        self._secret_key = secret_key
        self._limit_per_person = limit_per_person

    async def count(self, sender_id: int, invited: int) -> None:
        """Count the invitations that this person is about to send. Raises Throttled beyond the limit."""
        if not invited:
            return
        now = self._clock.now()
        used = await self._limits.count(f"invitations:{sender_id}", window=HOUR, now=now, by=invited)
        if used > self._limit_per_person:
            raise Throttled(retry_after=_rest_of_hour(now))

    async def count_move(self, gathering_id: int, sender_id: int, told: int) -> None:
        """Count one more time that is set for this gathering, and told to so many. Raises Throttled: everybody is told
        of each time that stands, so it is setting them that is limited."""
        now = self._clock.now()
        used = await self._limits.count(f"moves:{gathering_id}", window=HOUR, now=now)
        if used > rules.MOST_MOVES:
            raise Throttled(retry_after=_rest_of_hour(now))
        await self.count(sender_id, told)

    async def heard(self, booking: Booking, news: News) -> None:
        """Tell whom this news is for; telling it again is once."""
        if booking.kind is not Kind.GATHERING or news.what not in LETTERS:
            return
        wanted = _whom(booking, news)
        people = await self._people.many({booking.host_id, *wanted, *([news.by] if news.by else [])})
        for person_id in wanted:
            person = people.get(person_id)
            if person is None or person.closed is not None:
                continue
            if news.what == "invited" and not await self._may_be_texted(news.by, person_id):
                log.warning("person %s is invited too often by one person", person_id)
                continue
            await self._tell(booking, news, person, people)

    async def _may_be_texted(self, sender_id: int | None, person_id: int) -> bool:
        used = await self._limits.count(
            f"invitation:{sender_id}:{person_id}", window=HOUR, now=self._clock.now()
        )
        return used <= rules.MOST_TEXTS_TO_ONE

    async def _tell(self, booking: Booking, news: News, person: Person, people: Mapping[int, Person]) -> None:
        who = people.get(news.by) if news.by is not None else None
        by = who.full_name if who is not None else "Somebody"
        pin = pin_of(booking, person.id, self._secret_key)
        key = f"news:{booking.id}:{news.id}:{person.id}"
        more: dict[str, Any] = {
            "person_id": person.id,
            "booking_id": booking.id,
            "purpose": "notice",
            "not_after": booking.ends,
            # Not any more if he is out of it by then, or the time has changed.
            "booking_starts": booking.starts
            if booking.state is State.AGREED and news.what != "left"
            else None,
        }
        letter = None
        if person.mail_address:
            about = booking.details["description"] or ""
            letter = LetterDraft(
                to=person.mail_address,
                template=LETTERS[news.what],
                facts={
                    "by": by,
                    "by_me": person.id == news.by,
                    "title": booking.details["title"],
                    "description": about,
                    "starts": booking.starts,
                    "number": self._number,
                    "pin": pin,
                },
                invite=self._calendar.invite(booking, person, people, about=about)
                if _is_for_calendars(booking, news)
                else None,
            )
        body = self._text(booking, news, person, by=by, pin=pin)
        is_texted = body is not None and person.phone is not None
        if letter is not None and (letter.invite is not None or not is_texted):
            # Under the key that the text's own substitute has, so that nobody gets it twice.
            await self._outbox.add_letter(
                key=f"{key}:letter" if is_texted else key,
                to=letter.to,
                template=letter.template,
                facts=letter.facts,
                invite=letter.invite,
                **more,
            )
        if body is not None and person.phone is not None:
            await self._outbox.add_text(key=key, to=person.phone, body=body, instead=letter, **more)

    def _text(self, booking: Booking, news: News, person: Person, *, by: str, pin: str | None) -> str | None:
        """None for what is told by letter only."""
        title = booking.details["title"]
        if person.id == news.by or news.what not in ("invited", "moved", "called_off"):
            return None
        if news.what == "called_off":
            assert booking.starts is not None
            return texts.called_off(by=by, title=title, starts=booking.starts, zone=person.zone)
        if news.what == "moved" and booking.starts is not None:
            return texts.moved(
                by=by, title=title, starts=booking.starts, zone=person.zone, number=self._number, pin=pin
            )
        return texts.invitation(
            by=by, title=title, starts=booking.starts, zone=person.zone, number=self._number, pin=pin
        )


def _rest_of_hour(now: datetime) -> int:
    return 3600 - int(now.timestamp()) % 3600


def _whom(booking: Booking, news: News) -> list[int]:
    """`invited:0` is for all who are in it from the beginning, `invited:4:17` for person 17, `left:5:17` for the same
    when he is out of it. Of the time the one who sets it is told as well."""
    _, _, person_id = news.id.partition(":")[2].partition(":")
    if news.what == "left":
        return [int(person_id)] if int(person_id) not in booking.people_ids else []
    if person_id:
        return [int(person_id)] if int(person_id) in booking.guest_ids else []
    if news.what == "agreed":
        return [each for each in booking.people_ids if each == news.by]
    if news.what in ("moved", "called_off"):
        return list(booking.people_ids)
    return [each for each in booking.people_ids if each != news.by]


def _is_for_calendars(booking: Booking, news: News) -> bool:
    """Whether the booking is still as this news says: what has gone on since has letters of its own."""
    return booking.state is State.CANCELLED if news.what == "called_off" else booking.state in FIRM
