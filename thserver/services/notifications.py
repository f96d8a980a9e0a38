"""Notifications: every event of the product is told here to whom it concerns, whichever contract it came from.

Each has a deterministic key, so hearing the same thing twice is like hearing it once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.database import Database
from thserver.domain import bookings, charges
from thserver.domain.bookings import Booking, News
from thserver.domain.charges import Charge
from thserver.domain.conferences import Conference
from thserver.domain.credits import Entry
from thserver.domain.credits import Kind as CreditKind
from thserver.domain.messages import (
    Message,
    Notification,
    NotificationKind,
    NotificationNotFound,
    ids_named_in,
)
from thserver.domain.ports import Clock

log = logging.getLogger("thserver.notifications")

MOST_SHOWN = 100
NOUNS = {
    bookings.Kind.CALL: "call",
    bookings.Kind.SESSION: "session",
    bookings.Kind.MEETING: "meeting",
    bookings.Kind.GATHERING: "meeting",
    bookings.Kind.MEMORIAL: "gathering",
}
K = NotificationKind
# News of a booking → the notification's kind and words.
OF_BOOKINGS: Mapping[str, tuple[NotificationKind, str]] = {
    "requested": (K.MEETING_REQUEST, "requested"),
    "invited": (K.MEETING_REQUEST, "requested"),
    "accepted": (K.SYSTEM, "accepted"),
    "new_times": (K.SYSTEM, "new_times"),
    "agreed": (K.MEETING_CONFIRMED, "agreed"),
    "moved": (K.MEETING_CONFIRMED, "moved"),
    "declined": (K.MEETING_CANCELLED, "declined"),
    "cancelled": (K.MEETING_CANCELLED, "cancelled"),
    "called_off": (K.MEETING_CANCELLED, "cancelled"),
    "lapsed": (K.MEETING_CANCELLED, "lapsed"),
    "held": (K.REVIEW_REMINDER, "held"),
    "missed": (K.SYSTEM, "missed"),
}
# Only these are reviewed, and to these people come by the invitation that they were told of.
REVIEWED = frozenset({bookings.Kind.MEETING})
BY_INVITATION = frozenset({bookings.Kind.GATHERING})
OF_CREDITS = {
    CreditKind.PURCHASED: "purchased",
    CreditKind.SPENT: "spent",
    CreditKind.EARNED: "earned",
}
RECEIPTS = {"paid": "receipt", "free": "receipt_free", "carried": "receipt_carried"}
UNPAID = frozenset({"declined", "needs_cardholder", "no_card", "dead"})


@dataclass(frozen=True, slots=True)
class Shown:
    """Notifications with the names that they mention, by id."""

    notifications: Sequence[Notification]
    names: Mapping[int, str]


class Notifications:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._rows = database.notifications
        self._mailboxes = database.mailboxes
        self._people = database.people
        self._bookings = database.bookings
        self._clock = clock

    # For the person himself.

    async def of_person(
        self, person_id: int, *, is_read: bool | None = None, before: int | None = None
    ) -> Shown:
        """The last hundred (below that number), the oldest of them first."""
        found = await self._rows.latest(person_id, is_read=is_read, before=before, limit=MOST_SHOWN)
        ids = {person_id for each in found for person_id in ids_named_in(each)}
        faces = await self._people.faces(ids)
        return Shown(found, {person_id: face.full_name for person_id, face in faces.items()})

    async def mark(self, person_id: int, notification_id: int, *, is_read: bool) -> Notification:
        """Raises NotificationNotFound, also for somebody else's."""
        now = self._clock.now()
        found = await self._rows.mark(notification_id, person_id, is_read=is_read, now=now)
        if found is None:
            raise NotificationNotFound
        return found

    async def forget(self, person_id: int) -> None:
        """He has closed his account."""
        await self._rows.forget(person_id)

    # What happens in the house.

    def of_message(self, message: Message) -> Notification:
        """What tells of a message; written together with it."""
        return Notification(
            person_id=message.receiver_id,
            key=None,
            kind=K.NEW_MESSAGE,
            what="message",
            other_id=message.sender_id,
            related_id=message.id,
            created=message.created,
            updated=message.created,
        )

    async def booking_heard(self, booking: Booking, news: News) -> None:
        """A subscriber to the news of bookings."""
        words = OF_BOOKINGS.get(news.what)
        if words is None:
            log.debug("nobody is notified of %s", news.what)
            return
        kind, what = words
        await self._add(
            self._new(
                person_id,
                key=f"news:{booking.id}:{news.id}:{person_id}",
                kind=kind,
                what=what,
                facts=_facts(booking),
                other_id=_other(booking, person_id, by=news.by),
                related_id=booking.id,
            )
            for person_id in _concerned(booking, news)
        )

    async def reminder_due(self, booking: Booking, person_id: int, *, key: str, minutes_ahead: int) -> None:
        """A reminder is about to be sent under this key."""
        what = "reminder" if minutes_ahead > 0 else "started"
        await self._add(
            [
                self._new(
                    person_id,
                    key=key,
                    kind=K.MEETING_REMINDER,
                    what=what,
                    facts={**_facts(booking), "minutes_ahead": minutes_ahead},
                    other_id=_other(booking, person_id, by=None),
                    related_id=booking.id,
                )
            ]
        )

    async def conference_heard(self, booking: Booking, conference: Conference) -> None:
        """Somebody is on the line: tell those who have not come yet, once in each conference."""
        here = [leg.person_id for leg in conference.present if leg.person_id in booking.people_ids]
        came = {leg.person_id for leg in conference.legs}
        if not here:
            return
        await self._add(
            self._new(
                person_id,
                key=f"line:{conference.sid}:{person_id}",
                kind=K.SYSTEM,
                what="on_the_line",
                facts=_facts(booking),
                other_id=here[0],
                related_id=booking.id,
            )
            for person_id in booking.people_ids
            if person_id not in came
        )

    async def credit_heard(self, entry: Entry) -> None:
        """A subscriber to the entries of credits. Of his first credit nobody needs to be told."""
        what = OF_CREDITS.get(entry.kind)
        if what is None:
            return
        await self._add(
            [
                self._new(
                    entry.person_id,
                    key=f"credit:{entry.id}",
                    kind=K.CREDIT_UPDATE,
                    what=what,
                    facts={"credits": entry.amount},
                    related_id=entry.number,
                )
            ]
        )

    async def charge_heard(self, charge: Charge, news: charges.News) -> None:
        """A subscriber to the news of charges: receipts, money given back, cards that were not taken."""

        def told(
            person_id: int, key: str, what: str, cents: int, other_id: int | None = None
        ) -> Notification:
            return self._new(
                person_id,
                key=f"{key}:{person_id}",
                kind=K.SYSTEM,
                what=what,
                facts={"cents": cents, "noun": "call"},
                other_id=other_id,
                related_id=charge.booking_id,
            )

        wanted = []
        if news.what in RECEIPTS:
            is_fee = charge.kind is charges.Kind.CANCELATION
            what = "receipt_fee" if is_fee else RECEIPTS[news.what]
            cents = charge.amount_in_cents
            wanted.append(told(charge.payer_id, f"receipt:{charge.id}", what, cents, charge.host_id))
            if charge.host_id is not None and not is_fee:
                what, cents = ("receipt_earned", charge.host_share_in_cents) if cents else ("receipt_free", 0)
                wanted.append(told(charge.host_id, f"receipt:{charge.id}", what, cents, charge.payer_id))
        elif news.what == "refunded":
            before, _, after = news.detail.partition("-")
            key = f"refunded:{charge.id}:{news.detail}"
            wanted.append(told(charge.payer_id, key, "refunded", int(after) - int(before)))
        elif news.what in UNPAID and charge.state in charges.UNPAID:
            wanted.append(
                told(charge.payer_id, f"unpaid:{charge.id}:{news.id}", "unpaid", charge.amount_in_cents)
            )
        await self._add(wanted)

    def _new(
        self,
        person_id: int,
        *,
        key: str,
        kind: NotificationKind,
        what: str,
        facts: Mapping[str, Any] | None = None,
        other_id: int | None = None,
        related_id: int | None = None,
    ) -> Notification:
        now = self._clock.now()
        return Notification(
            person_id=person_id,
            key=key,
            kind=kind,
            what=what,
            facts=facts or {},
            other_id=other_id,
            related_id=related_id,
            created=now,
            updated=now,
        )

    async def _add(self, wanted: Iterable[Notification]) -> None:
        wanted = list(wanted)
        if wanted:
            await self._mailboxes.post_notifications(wanted)


def _facts(booking: Booking) -> dict[str, Any]:
    facts: dict[str, Any] = {"noun": NOUNS[booking.kind]}
    for name in ("title", "in_memory_of"):
        if booking.details.get(name):
            facts[name] = booking.details[name]
    return facts


def _concerned(booking: Booking, news: News) -> list[int]:
    """Everybody but who did it; of an invitation, only who is invited. Both may review, whoever said it was over."""
    others = [person_id for person_id in booking.people_ids if person_id != news.by]
    if news.what == "held":
        return list(booking.people_ids) if booking.kind in REVIEWED else []
    if news.what == "agreed" and booking.kind in BY_INVITATION:
        return []
    if news.what == "invited":
        invited = news.id.split(":")[2:]
        return [each for each in others if not invited or str(each) == invited[0]]
    return others


def _other(booking: Booking, person_id: int, *, by: int | None) -> int | None:
    """Whose name is mentioned to this person: who did it, else his host, else his first guest."""
    if by is not None and by != person_id:
        return by
    if person_id != booking.host_id:
        return booking.host_id
    return booking.guest_ids[0] if booking.guest_ids else None
