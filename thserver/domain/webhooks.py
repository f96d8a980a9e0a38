"""Webhooks: which events are told to whom, how a delivery is signed, and when it is tried again.

Signatures and headers follow the Standard Webhooks specification, so any of its libraries verifies them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from thserver.domain.webhook_events import EVERYTHING, Event

VERSION = "1"
SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32

LEASE = timedelta(seconds=60)
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
MOST_TRIES = len(PAUSES) + 1
LONGEST_PAUSE = PAUSES[-1]
# Each pause is prolonged by up to this part of itself, so that what failed together does not come back together.
JITTER = 0.2
TRIES_KEPT = 20
DELIVERED_KEPT = timedelta(days=30)
LONGEST_OVERLAP = timedelta(days=7)
ANSWER_KEPT = 500


class EndpointState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class Reason(StrEnum):
    """Why an endpoint is disabled."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"  # it answered 410


class DeliveryState(StrEnum):
    WAITING = "waiting"  # for its next try, or while one is under way
    DELIVERED = "delivered"
    FAILED = "failed"  # given up; a replay brings it back
    DROPPED = "dropped"  # its endpoint was deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A signing secret, sealed; `until` is when an old one stops being used."""

    sealed: bytes
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where events are sent. `untold` is a reason for which it was disabled and its creator not yet told;
    `creator_id` is None for whoever sat at this machine in development, where nobody signs in."""

    id: str
    url: str
    events: tuple[str, ...]
    description: str = ""
    creator_id: int | None
    state: EndpointState = EndpointState.ENABLED
    reason: Reason | None = None
    secrets: tuple[Secret, ...]
    failing_since: datetime | None = None
    untold: Reason | None = None
    created: datetime
    updated: datetime

    def wants(self, event_type: str) -> bool:
        return EVERYTHING in self.events or event_type in self.events

    def good_secrets(self, now: datetime) -> list[Secret]:
        return [each for each in self.secrets if each.until is None or each.until > now]


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt. `status` is None when there was no answer; `error` says why it did not count."""

    at: datetime
    status: int | None
    error: str | None
    took_ms: int
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one endpoint. `attempts` counts since it was last replayed; `fence` grows with each claim."""

    id: str
    endpoint_id: str
    event_id: str
    type: str
    booking_id: int | None = None
    state: DeliveryState = DeliveryState.WAITING
    due: datetime
    attempts: int = 0
    fence: int = 0
    replays: int = 0
    tries: tuple[Try, ...] = ()
    delivered: datetime | None = None
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint said. `status` None: nothing, and `error` is why (timeout, refused_address …)."""

    status: int | None
    error: str | None = None
    body: str = ""
    took_ms: int = 0
    retry_after_s: int | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410

    @property
    def is_silence(self) -> bool:
        """Nobody answered: others that wait for the same endpoint need not find that out now."""
        return self.status is None


class WebhookSender(Protocol):
    """Carries deliveries to the endpoints, and to nowhere else."""

    async def problem_with(self, url: str) -> str | None:
        """Why nothing may be sent there, as a code of Invalid; None when it may."""
        ...

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises for what the other side does."""
        ...

    async def close(self) -> None: ...


def new_endpoint_id() -> str:
    return f"ep_{secrets.token_hex(12)}"


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def delivery_id_of(event_id: str, endpoint_id: str) -> str:
    return f"msg_{hashlib.sha256(f'{event_id}>{endpoint_id}'.encode()).hexdigest()[:32]}"


def signed_headers(
    delivery_id: str, body: bytes, *, now: datetime, secrets_in_use: Iterable[str]
) -> dict[str, str]:
    """The headers of one try: a new timestamp each time, one signature for each secret."""
    timestamp = str(int(now.timestamp()))
    signatures = [signature(each, delivery_id, timestamp, body) for each in secrets_in_use]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"thserver-webhooks/{VERSION}",
        "Webhook-Id": delivery_id,
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": " ".join(signatures),
        "Webhook-Version": VERSION,
    }


def signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 over id, timestamp and raw body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((delivery_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def pause_after(attempts: int, delivery_id: str, *, retry_after_s: int | None = None) -> timedelta:
    """How long to wait after so many vain tries; never shorter than the other side asks for, within reason."""
    pause = PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]
    digest = hashlib.sha256(f"{delivery_id}:{attempts}".encode()).digest()
    pause += pause * (JITTER * int.from_bytes(digest[:2], "big") / 0xFFFF)
    asked = timedelta(seconds=retry_after_s or 0)
    return max(pause, min(asked, LONGEST_PAUSE))


def make_delivery(event: Event, endpoint_id: str, now: datetime) -> Delivery:
    return Delivery(
        id=delivery_id_of(event.id, endpoint_id),
        endpoint_id=endpoint_id,
        event_id=event.id,
        type=event.type,
        booking_id=event.booking_id,
        due=now,
        created=now,
        updated=now,
    )


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which deliveries are looked for; what is None does not matter."""

    endpoint_id: str | None = None
    state: DeliveryState | None = None
    type: str | None = None
    booking_id: int | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many deliveries were set going again; `until` is how far it got when there were too many at once."""

    count: int
    until: datetime | None = field(default=None)
