"""Finding again at Stripe what was made under a key of ours, after Stripe has forgotten the key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from stripe import V1Services
from stripe.params import PaymentIntentListParams

CHARGE_KEY = "charge_key"
REFUND_KEY = "refund_key"
PAGE = 100
MOST_PAGES = 20


async def find_charge(
    api: V1Services, customer_id: str, key: str, *, since: datetime
) -> dict[str, Any] | None:
    """The PaymentIntent that bears the key, whatever became of it; one that took money if there is any."""
    found = [
        intent async for intent in _intents(api, customer_id, since=since) if _bears(intent, CHARGE_KEY, key)
    ]
    found.sort(key=lambda intent: intent["status"] != "succeeded")
    return found[0] if found else None


async def find_refund(api: V1Services, charge_id: str, key: str) -> dict[str, Any] | None:
    """The refund of this charge that bears the key."""
    page = await api.refunds.list_async({"payment_intent": charge_id, "limit": PAGE})
    if page.has_more:
        raise OverflowError("too many refunds to look through")
    refunds = (refund.to_dict() for refund in page.data)
    return next((refund for refund in refunds if _bears(refund, REFUND_KEY, key)), None)


async def _intents(api: V1Services, customer_id: str, *, since: datetime) -> AsyncIterator[dict[str, Any]]:
    params: PaymentIntentListParams = {
        "customer": customer_id,
        "created": {"gte": int(since.timestamp())},
        "limit": PAGE,
    }
    for _ in range(MOST_PAGES):
        page = await api.payment_intents.list_async(params)
        for intent in page.data:
            yield intent.to_dict()
        if not page.has_more:
            return
        params["starting_after"] = page.data[-1].id
    raise OverflowError("too many charges to look through")


def _bears(thing: dict[str, Any], name: str, key: str) -> bool:
    return (thing.get("metadata") or {}).get(name) == key
