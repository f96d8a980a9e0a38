"""Charges as documents and back."""

from __future__ import annotations

from typing import Any

from thserver.domain.charges import Attempt, Charge, Kind, News, Refund, Result, State

PLAIN = (
    "payer_id", "host_id", "booking_id", "conference_sid", "rate_in_cents", "minutes", "price_in_cents",
    "amount_in_cents", "platform_fee_in_cents", "carried_in_cents", "paid_with", "tries", "payment_id",
    "payout_account", "reason", "refunded_in_cents", "next_at", "created", "updated",
)  # fmt: skip


def to_document(charge: Charge) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": charge.id,
        "kind": charge.kind.value,
        "state": charge.state.value,
        "intervals": [{"start": start, "end": end} for start, end in charge.intervals],
        "attempts": [attempt_document(each) for each in charge.attempts],
    }
    document |= {name: getattr(charge, name) for name in PLAIN if getattr(charge, name) is not None}
    if charge.news:
        document["news"] = [{"id": each.id, "at": each.at} for each in charge.news]
    return document


def from_document(found: dict[str, Any]) -> Charge:
    return Charge(
        id=found["_id"],
        kind=Kind(found["kind"]),
        state=State(found["state"]),
        intervals=tuple((each["start"], each["end"]) for each in found["intervals"]),
        carries=tuple(found.get("carries", ())),
        attempts=tuple(_attempt(each) for each in found["attempts"]),
        refunds=tuple(_refund(each) for each in found.get("refunds", ())),
        news=tuple(News(each["id"], each["at"]) for each in found.get("news", ())),
        **{name: found[name] for name in PLAIN if name in found},
    )


def attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "customer_id": attempt.customer_id,
        "card_id": attempt.card_id,
        "card_brand": attempt.card_brand,
        "card_last4": attempt.card_last4,
        "total_in_cents": attempt.total_in_cents,
        "payout_account": attempt.payout_account,
        "platform_fee_in_cents": attempt.platform_fee_in_cents,
        "started": attempt.started,
        "result": attempt.result.value,
        "reason": attempt.reason,
    }


def _attempt(found: dict[str, Any]) -> Attempt:
    return Attempt(**{**found, "result": Result(found["result"])})


def _refund(found: dict[str, Any]) -> Refund:
    return Refund(
        found["key"],
        found["amount_in_cents"],
        found["made"],
        found["is_open"],
        found.get("payment_refund_id"),
        found.get("reason"),
    )
