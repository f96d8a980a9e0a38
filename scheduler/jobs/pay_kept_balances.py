"""Pays heroes what was kept for them, once their payout accounts can take it."""

from __future__ import annotations

from thserver.services.all import Services


async def pay_kept_balances(services: Services) -> int:
    return await services.billing.pay_kept()
