"""What is said to the outside, before and after it was said: its states, and what a carrier's report means for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from thserver.domain.ports import Invite


class OutboxKind(StrEnum):
    TEXT = "text"
    LETTER = "letter"


class OutboxState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"  # the other side refused it
    UNKNOWN = "unknown"  # may have been sent: resolved by a callback or by asking, never blindly repeated
    SUPPRESSED = "suppressed"  # not sent on purpose: opted out, not active, the booking changed
    MISSED = "missed"  # too late to be of use
    DEAD = "dead"  # given up after too many tries


# States in which nothing more is done by itself. A late report from the carrier may still turn done into failed.
FINAL = frozenset(
    {OutboxState.DONE, OutboxState.FAILED, OutboxState.SUPPRESSED, OutboxState.MISSED, OutboxState.DEAD}
)


class Purpose(StrEnum):
    """Why something is said. Codes and account matters go out whatever a person has switched off."""

    CODE = "code"
    ACCOUNT = "account"
    REMINDER = "reminder"
    RECEIPT = "receipt"
    NOTICE = "notice"


ALWAYS_SAID = frozenset({Purpose.CODE, Purpose.ACCOUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDraft:
    """An e-mail by template and facts; facts may hold aware datetimes, shown in the reader's zone."""

    to: str
    template: str
    facts: Mapping[str, Any]
    invite: Invite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One thing to say. `key` makes it unique; `ref` is the key's hash, fit for a URL path and a Message-ID.

    `sealed` is its encrypted content: a text's body, or a letter's template and facts; None for a code, whose
    text is never kept. `fence` grows with each claim, and only the latest claimant may record an outcome.
    `earlier_ids` are the carrier's ids of tries before it was sent again by hand.
    """

    key: str
    ref: str
    kind: OutboxKind
    state: OutboxState
    purpose: Purpose
    to: str
    person_id: int | None
    booking_id: int | None = None
    booking_starts: datetime | None = None
    sealed: bytes | None = None
    instead: bytes | None = None
    not_after: datetime | None = None
    attempts: int = 0
    fence: int = 0
    due: datetime
    lease_until: datetime | None = None
    tried_at: datetime | None = None
    provider_id: str | None = None
    earlier_ids: list[str] | None = None
    delivery_status: str | None = None
    reason: str | None = None
    created: datetime
    updated: datetime


def ref_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


# How far a text has come, by the carrier's word for it. The last rank absorbs: nothing follows it.
DELIVERY_RANK: dict[str, int] = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "read": 4,
    "partially_delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
}
NOT_DELIVERED = frozenset({"undelivered", "failed", "canceled"})
# The carrier's error for a number that has texted STOP.
OPTED_OUT_CODE = "21610"

MOST_TRIES = 8
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=15)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many vain tries: 10 s, 20 s, 40 s … at most a quarter of an hour."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 20), LONGEST_PAUSE)
