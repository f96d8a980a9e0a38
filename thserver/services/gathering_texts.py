"""What the members of a gathering are told: that they are invited, and that it was called off."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from store.database import Database
from thserver.domain import gatherings as rules
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.errors import Throttled
from thserver.domain.outbox import LetterDraft
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.outbox import Outbox
from thserver.services.reminders import pin_of
from thserver.wording import texts

log = logging.getLogger("thserver.gatherings")

HOUR = timedelta(hours=1)


class GatheringTexts:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        outbox: Outbox,
        conference_number: str,
        secret_key: str,
        limit_per_person: int,
    ) -> None:
        """`limit_per_person` is how many invitations one person may have texted within an hour."""
        self._people = database.people
        self._limits = database.limits
        self._clock = clock
        self._outbox = outbox
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
            raise Throttled(retry_after=3600 - int(now.timestamp()) % 3600)

    async def heard(self, booking: Booking, news: News) -> None:
        """Tell whom this news is for; telling it again is once."""
        if booking.kind is not Kind.GATHERING or news.what not in ("invited", "called_off"):
            return
        wanted = _whom(booking, news)
        people = await self._people.many({*wanted, *([news.by] if news.by else [])})
        by = people[news.by].full_name if news.by in people else "Somebody"
        for person_id in wanted:
            person = people.get(person_id)
            if person is not None and person.closed is None:
                if news.what == "invited" and not await self._may_be_texted(news.by, person_id):
                    log.warning("person %s is invited too often by one person", person_id)
                    continue
                await self._tell(booking, news, person, by)

    async def _may_be_texted(self, sender_id: int | None, person_id: int) -> bool:
        used = await self._limits.count(
            f"invitation:{sender_id}:{person_id}", window=HOUR, now=self._clock.now()
        )
        return used <= rules.MOST_TEXTS_TO_ONE

    async def _tell(self, booking: Booking, news: News, person: Person, by: str) -> None:
        title = booking.details["title"]
        is_invitation = news.what == "invited"
        pin = pin_of(booking, person.id, self._secret_key)
        facts = {
            "by": by,
            "title": title,
            "description": booking.details["description"] or "",
            "starts": booking.starts,
            "number": self._number,
            "pin": pin,
        }
        template = "gathering_invitation" if is_invitation else "gathering_called_off"
        more: dict[str, Any] = {
            "key": f"news:{booking.id}:{news.id}:{person.id}",
            "person_id": person.id,
            "booking_id": booking.id,
            "purpose": "notice",
            "not_after": booking.ends,
            # Not any more if he is out of it by then, or the time has changed.
            "booking_starts": booking.starts if booking.state is State.AGREED else None,
        }
        if person.phone:
            if is_invitation:
                body = texts.invitation(
                    by=by,
                    title=title,
                    starts=booking.starts,
                    zone=person.zone,
                    number=self._number,
                    pin=pin,
                )
            else:
                assert booking.starts is not None
                body = texts.called_off(by=by, title=title, starts=booking.starts, zone=person.zone)
            letter = (
                LetterDraft(to=person.mail_address, template=template, facts=facts)
                if person.mail_address
                else None
            )
            await self._outbox.add_text(to=person.phone, body=body, instead=letter, **more)
        elif person.mail_address:
            await self._outbox.add_letter(to=person.mail_address, template=template, facts=facts, **more)


def _whom(booking: Booking, news: News) -> list[int]:
    """`invited:0` is for all who are in it from the beginning, `invited:4:17` for person 17."""
    _, _, person_id = news.id.partition(":")[2].partition(":")
    if person_id:
        return [int(person_id)] if int(person_id) in booking.guest_ids else []
    return [each for each in booking.people_ids if each != news.by]
