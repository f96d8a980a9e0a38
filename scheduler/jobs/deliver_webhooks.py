"""Events that those who build on the service wait to be told."""

from __future__ import annotations

from thserver.services.all import Services


async def deliver_webhooks(services: Services) -> int:
    """Make the deliveries of events that a process that died has left, send what is due, forget what is old."""
    spread = await services.webhooks.spread_left_over()
    return spread + await services.webhook_deliveries.deliver_due()
