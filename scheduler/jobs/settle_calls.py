"""Settles calls that are over, takes what is due, and applies what the card company has posted."""

from __future__ import annotations

from thserver.services.all import Services


async def settle_calls(services: Services) -> int:
    applied = await services.card_events.apply_due()
    settled = await services.billing.settle_due()
    return applied + settled + await services.billing.charge_due()
