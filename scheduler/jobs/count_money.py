"""Counts the money again and raises the alarm where charges and ledger do not agree."""

from __future__ import annotations

from thserver.services.all import Services


async def count_money(services: Services) -> int:
    return len(await services.billing.check())
