"""Credits of meetings that nobody has transferred in time, and purchases whose outcome nobody knows."""

from __future__ import annotations

from thserver.services.all import Services


async def settle_credits(services: Services) -> int:
    """Send credits to the experts who earned them, find out about open purchases."""
    return await services.purchases.finish_open() + await services.credits.settle_due()
