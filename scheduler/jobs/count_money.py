"""Counts money and credits again and raises the alarm where anything does not add up."""

from __future__ import annotations

from thserver.services.all import Services


async def count_money(services: Services) -> int:
    return len(await services.billing.check()) + len(await services.credit_recount.check())
