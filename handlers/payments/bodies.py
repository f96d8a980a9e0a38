"""Bodies of the payment routes: what clients send, and what they are shown of cards and charges."""

from __future__ import annotations

from typing import Any

from handlers.fields import Body, Text, utc_text
from thserver.domain.charges import CURRENCY, Charge
from thserver.domain.ports import Card

LONGEST_ID = 255


class NewCard(Body):
    payment_method = Text(required=True, longest=LONGEST_ID)


def card(found: Card, *, is_default: bool) -> dict[str, Any]:
    return {
        "id": found.id,
        "brand": found.brand,
        "last4": found.last4,
        "exp_month": found.exp_month,
        "exp_year": found.exp_year,
        "is_default": is_default,
    }


def charge(found: Charge) -> dict[str, Any]:
    """A charge as who pays it sees it."""
    last = found.attempts[-1] if found.attempts else None
    return {
        "id": found.id,
        "kind": found.kind.value,
        "state": found.state.value,
        "reason": found.reason,
        "call_request": found.booking_id,
        "conference": found.conference_sid,
        "currency": CURRENCY,
        "rate_in_cents": found.rate_in_cents,
        "minutes": found.minutes,
        "intervals": [{"start": utc_text(start), "end": utc_text(end)} for start, end in found.intervals],
        "price_in_cents": found.price_in_cents,
        "already_charged_in_cents": found.already_charged_in_cents,
        "amount_in_cents": found.amount_in_cents,
        "carried_in_cents": found.carried_in_cents,
        "total_in_cents": found.total_in_cents,
        "refunded_in_cents": found.refunded_in_cents,
        "card": {"brand": last.card_brand, "last4": last.card_last4} if last else None,
        "created": utc_text(found.created),
        "updated": utc_text(found.updated),
    }
