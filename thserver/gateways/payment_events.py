"""The card company's signed webhooks: the form of the signature header, and the event in an authentic body."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

from thserver.domain.ports import PaymentEvent

TOLERANCE_S = 300


def signature_header(body: bytes, secret: str, at: datetime) -> str:
    """The `Stripe-Signature` of this body when it is sent at that moment."""
    timestamp = int(at.timestamp())
    return f"t={timestamp},v1={_signature(timestamp, body, secret)}"


def is_signed(body: bytes, header: str, secrets: tuple[str, ...]) -> bool:
    """Whether any `v1` of the header was made with any of the secrets. Says nothing about its age."""
    timestamp = signed_at(header)
    given = [value.encode() for name, value in _items(header) if name == "v1"]
    expected = [_signature(timestamp, body, secret).encode() for secret in secrets if secret]
    return any(hmac.compare_digest(one, other) for one in expected for other in given)


def signed_at(header: str) -> int:
    """The header's `t`, Unix seconds. Raises ValueError."""
    for name, value in _items(header):
        if name == "t":
            return int(value)
    raise ValueError("no timestamp")


def is_fresh(header: str, now: datetime) -> bool:
    """Whether the header's `t` is within the tolerance of now, in the past and in the future."""
    return abs(int(now.timestamp()) - signed_at(header)) <= TOLERANCE_S


def parse_event(body: bytes) -> PaymentEvent:
    """The event in an authentic body. Raises ValueError, KeyError or TypeError when it is not one."""
    event = json.loads(body.decode("utf-8"))
    found = event["data"]["object"]
    if not (
        isinstance(event["id"], str)
        and isinstance(event["type"], str)
        and isinstance(event["livemode"], bool)
        and type(event["created"]) is int
        and isinstance(found, dict)
    ):
        raise TypeError("not an event")
    return PaymentEvent(
        id=event["id"],
        type=event["type"],
        livemode=event["livemode"],
        created=datetime.fromtimestamp(event["created"], UTC),
        object=found,
    )


def _signature(timestamp: int, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def _items(header: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (item.partition("=") for item in header.split(","))]
