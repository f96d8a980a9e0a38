"""Events that webhooks tell: what there is, where it comes from, and the body that is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# What an endpoint may choose, with one line of explanation for each.
EVENT_TYPES: Mapping[str, str] = {
    "booking.requested": "Somebody asks for a call, session, meeting or gathering.",
    "booking.invited": "Somebody is invited to a gathering.",
    "booking.accepted": "The host accepts and suggests times.",
    "booking.times_suggested": "One side suggests other times.",
    "booking.agreed": "The time is firm.",
    "booking.moved": "A firm time was changed to another one.",
    "booking.left": "Somebody left a gathering, or was sent away.",
    "booking.declined": "The host declines.",
    "booking.cancelled": "One side cancels, or the booking is called off.",
    "booking.lapsed": "Nobody answered in time.",
    "booking.held": "Host and guest were on the line together.",
    "booking.missed": "The time passed and they were not both there.",
    "conference.started": "Two people are in the room.",
    "conference.joined": "Somebody came on the line.",
    "conference.left": "Somebody left the line.",
    "conference.ended": "The call is over.",
    "charge.succeeded": "A card was charged.",
    "charge.declined": "A card could not be charged.",
    "charge.refunded": "Money was given back.",
}
EVERYTHING = "*"
# News of a booking and of a charge → the event.
OF_BOOKINGS: Mapping[str, str] = {
    "requested": "booking.requested",
    "invited": "booking.invited",
    "accepted": "booking.accepted",
    "new_times": "booking.times_suggested",
    "agreed": "booking.agreed",
    "moved": "booking.moved",
    "left": "booking.left",
    "declined": "booking.declined",
    "cancelled": "booking.cancelled",
    "called_off": "booking.cancelled",
    "lapsed": "booking.lapsed",
    "held": "booking.held",
    "missed": "booking.missed",
}
OF_CHARGES: Mapping[str, str] = {
    "paid": "charge.succeeded",
    "declined": "charge.declined",
    "needs_cardholder": "charge.declined",
    "no_card": "charge.declined",
    "dead": "charge.declined",
    "refunded": "charge.refunded",
}
LARGEST_BODY = 64 * 1024
MOST_GUESTS_NAMED = 500
# What was not delivered can be replayed for longer, and no longer than its event is there.
EVENTS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """What happened. `key` makes it unique; `subject` is the booking, conference or charge."""

    key: str
    type: str
    subject: str
    booking_id: int | None
    at: datetime
    data: Mapping[str, Any]
    is_sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as it is kept: `body` is what is sent, to the byte. `sequence` counts the booking's events."""

    id: str
    key: str
    type: str
    subject: str
    booking_id: int | None
    sequence: int
    at: datetime
    created: datetime
    body: str
    is_sample: bool = False


def event_id_of(key: str) -> str:
    return f"evt_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def make_event(draft: EventDraft, *, sequence: int, now: datetime) -> Event:
    """The event with its body; one that would be too large says only what it is about."""
    event_id = event_id_of(draft.key)

    def body(data: Mapping[str, Any]) -> str:
        told = {
            "id": event_id,
            "type": draft.type,
            "timestamp": utc_text(draft.at),
            "created": utc_text(now),
            "sequence": sequence,
            "sample": draft.is_sample,
            "data": data,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    whole = body(draft.data)
    if len(whole.encode()) > LARGEST_BODY:
        whole = body({"booking_id": draft.booking_id, "subject": draft.subject, "truncated": True})
    return Event(
        id=event_id,
        key=draft.key,
        type=draft.type,
        subject=draft.subject,
        booking_id=draft.booking_id,
        sequence=sequence,
        at=draft.at,
        created=now,
        body=whole,
        is_sample=draft.is_sample,
    )


def utc_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
