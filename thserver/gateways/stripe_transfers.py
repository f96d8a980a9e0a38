"""Sending money of ours to a hero's account at Stripe, once under one key of ours, however often it is asked for."""

from __future__ import annotations

from typing import Any

import stripe
from stripe import V1Services
from stripe.params import TransferCreateParams

from thserver.domain.ports import ChargeOutcome, ChargeState
from thserver.gateways import stripe_outcomes as outcomes

PAGE = 100


async def transfer(
    api: V1Services,
    *,
    amount_in_cents: int,
    currency: str,
    account: str,
    description: str,
    key: str,
    looks_first: bool,
) -> ChargeOutcome:
    """`looks_first`: Stripe may have forgotten the key, so what was sent under it is looked for before."""
    params: TransferCreateParams = {
        "amount": amount_in_cents,
        "currency": currency,
        "destination": account,
        "description": description,
        # By this it is found again.
        "transfer_group": key,
    }
    try:
        if looks_first and (found := await _find(api, account, key)) is not None:
            return _of_transfer(found, amount_in_cents)
    except Exception as error:
        outcomes.note("look for transfer", error)
        return ChargeOutcome(ChargeState.UNKNOWN, reason="lookup_failed")
    try:
        made = await api.transfers.create_async(params, {"idempotency_key": key})
        return ChargeOutcome(ChargeState.SUCCEEDED, made.id)
    except Exception as error:
        outcomes.note("transfer", error)
        outcome = outcomes.of_error(error)
        if not _may_hide_a_transfer(error):
            return outcome
    try:
        found = await _find(api, account, key)
    except Exception as error:
        outcomes.note("look for transfer", error)
        return ChargeOutcome(ChargeState.UNKNOWN, reason=outcome.reason)
    return outcome if found is None else _of_transfer(found, amount_in_cents)


async def _find(api: V1Services, account: str, key: str) -> dict[str, Any] | None:
    """The transfer to this account that was made under the key."""
    page = await api.transfers.list_async({"destination": account, "transfer_group": key, "limit": PAGE})
    return page.data[0].to_dict() if page.data else None


def _of_transfer(found: dict[str, Any], amount_in_cents: int) -> ChargeOutcome:
    if found["amount"] != amount_in_cents:
        return ChargeOutcome(ChargeState.UNKNOWN, found["id"], "another_amount")
    return ChargeOutcome(ChargeState.SUCCEEDED, found["id"])


def _may_hide_a_transfer(error: Exception) -> bool:
    """A repeated key answers with its first answer, be it a 500, and with an error when a parameter differs."""
    return isinstance(error, stripe.IdempotencyError) or (
        isinstance(error, stripe.StripeError) and (error.http_status or 0) >= 500
    )
