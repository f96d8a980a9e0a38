"""Texts and letters that wait to be sent."""

from __future__ import annotations

from thserver.services.all import Services


async def deliver_outbox(services: Services) -> int:
    """Send what waits to be said, find out what became of texts, apply what the carrier reported."""
    applied = await services.texts.apply_left_over()
    return applied + await services.outbox.deliver_due()
