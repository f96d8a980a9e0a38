"""Texts that people send us, and the carrier's reports on ours: stored as events first, applied second."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from store.database import Database
from store.text_events import RECEIVED, TextEvent
from thserver.domain import phone_numbers
from thserver.domain.bookings import Booking, State
from thserver.domain.errors import Refusal
from thserver.domain.outbox import DELIVERY_RANK
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.domain.texts import Meaning, meaning_of, media_count
from thserver.metrics import TEXT_ORPHANS, TEXTS_RECEIVED
from thserver.services.outbox import Outbox
from thserver.wording import texts as wording

log = logging.getLogger("thserver.texts")

HOUR = timedelta(hours=1)
NEAR = timedelta(hours=24)
# Two machines that answer each other must come to an end.
MOST_REPLIES = 5
LEFT_OVER_AFTER = timedelta(seconds=30)
# A report without its text is kept for ever, but not looked at again after this.
ADOPTED_WITHIN = timedelta(days=2)
LONGEST_SID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingText:
    """A text as the carrier posted it; `posted` is the whole form."""

    sid: str
    from_number: str
    body: str
    opt_out_type: str
    media: str
    posted: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    ref: str
    sid: str
    status: str
    error_code: str | None
    posted: Mapping[str, list[str]]


class Texts:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        outbox: Outbox,
        web_domain: str,
        contact: str,
        conference_number: str,
        admit_after: timedelta,
    ) -> None:
        """`contact` is an address that somebody reads, or empty."""
        self._events = database.text_events
        self._opt_outs = database.opt_outs
        self._people = database.people
        self._bookings = database.bookings
        self._limits = database.limits
        self._clock = clock
        self._outbox = outbox
        self._web_domain = web_domain
        self._contact = contact
        self._conference_number = conference_number
        self._admit_after = admit_after

    async def receive(self, text: IncomingText) -> str | None:
        """Our answer to it, the same however often it is posted; None for silence."""
        sid = _sid(text.sid, text.posted)
        known = await self._events.get(sid, RECEIVED)
        if known is not None:
            return known.reply
        meaning = meaning_of(text.body, text.opt_out_type)
        event = TextEvent(
            sid=sid,
            status=RECEIVED,
            posted=text.posted,
            at=self._clock.now(),
            phone=text.from_number,
            reply=await self._reply(text, meaning),
            meaning=meaning.value,
            media=media_count(text.media),
        )
        if not await self._events.add(event):
            known = await self._events.get(sid, RECEIVED)
            return known.reply if known is not None else None
        TEXTS_RECEIVED.labels(meaning.value).inc()
        if event.reply is not None:
            await self._limits.count(_replies(event.phone), window=HOUR, now=event.at)
        log.info("a text from %s: %s", phone_numbers.masked(text.from_number), meaning)
        await self._apply(event)
        return event.reply

    async def record(self, report: DeliveryReport) -> None:
        """Keep the carrier's report on one of our texts and let it count, once."""
        event = TextEvent(
            sid=_sid(report.sid, report.posted),
            status=report.status[:LONGEST_SID],
            posted=report.posted,
            at=self._clock.now(),
            ref=report.ref,
            error_code=report.error_code,
        )
        if await self._events.add(event):
            await self._apply(event)

    async def apply_left_over(self) -> int:
        """Let count what was stored and not applied: a process died in between, or the text it is about was not
        known then. Says how many were applied."""
        now = self._clock.now()
        events = await self._events.unapplied(since=now - ADOPTED_WITHIN, before=now - LEFT_OVER_AFTER)
        applied = 0
        for event in events:
            try:
                applied += await self._apply(event)
            except Refusal as refusal:
                log.warning("report %s of text %s did not get through: %s", event.status, event.sid, refusal)
        TEXT_ORPHANS.set(len(events) - applied)
        return applied

    async def _apply(self, event: TextEvent) -> bool:
        if event.status == RECEIVED:
            await self._apply_word(event)
        elif event.status not in DELIVERY_RANK:
            log.warning("the carrier reports something unknown of text %s", event.sid)
        elif not await self._outbox.report(
            event.ref, sid=event.sid, status=event.status, error_code=event.error_code
        ):
            return False  # An orphan: kept, and looked at again by the sweep.
        await self._events.applied(event.sid, event.status)
        return True

    async def _apply_word(self, event: TextEvent) -> None:
        if event.meaning in (Meaning.STOP, Meaning.START) and re.fullmatch(r"\+?[0-9]{3,20}", event.phone):
            await self._opt_outs.set(
                event.phone, out=event.meaning == Meaning.STOP, source=event.sid, at=event.at
            )

    async def _reply(self, text: IncomingText, meaning: Meaning) -> str | None:
        # To STOP, and to START after it, the carrier itself answers; so it does where it names the word.
        if meaning is Meaning.STOP or text.opt_out_type:
            return None
        if phone_numbers.parse(text.from_number, region=None) != text.from_number:
            return None
        if await self._opt_outs.has(text.from_number):
            return None
        if (
            await self._limits.used(_replies(text.from_number), window=HOUR, now=self._clock.now())
            >= MOST_REPLIES
        ):
            return None
        if meaning is Meaning.HELP:
            return wording.help_(
                web_domain=self._web_domain, contact=self._contact, number=self._conference_number
            )
        return await self._where_to_call(text.from_number) or wording.nobody_reads(
            web_domain=self._web_domain
        )

    async def _where_to_call(self, phone: str) -> str | None:
        """The number to dial, for somebody whose call is near."""
        person = await self._people.with_phone(phone)
        if person is None or not person.is_active:
            return None
        booking = await self._nearest(person)
        if booking is None or booking.starts is None:
            return None
        others = [each for each in booking.people_ids if each != person.id]
        people = await self._people.many(others[:1])
        return wording.next_call(
            other=people[others[0]].full_name if others and others[0] in people else "",
            starts=booking.starts,
            zone=person.zone,
            number=self._conference_number,
        )

    async def _nearest(self, person: Person) -> Booking | None:
        now = self._clock.now()
        near = [
            booking
            for booking in await self._bookings.open_of_person(person.id)
            if booking.state is State.AGREED
            and booking.starts is not None
            and booking.ends is not None
            and booking.starts <= now + NEAR
            and booking.ends + self._admit_after >= now
        ]
        return min(near, key=lambda booking: booking.starts or now, default=None)


def _replies(phone: str) -> str:
    return f"replies:{phone}"


def _sid(sid: str, posted: Mapping[str, list[str]]) -> str:
    """The carrier's id, or where it gave none that can be one, the hash of what it posted."""
    if sid and len(sid) <= LONGEST_SID:
        return sid
    return "hash:" + hashlib.sha256(repr(sorted(posted.items())).encode()).hexdigest()
