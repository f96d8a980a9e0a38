"""Requests that nobody answers any more."""

from __future__ import annotations

from thserver.services.all import Services


async def expire_stale(services: Services) -> int:
    """End requests that nobody answers any more, and proposed times that have come."""
    return await services.bookings.lapse_stale(services.clock.now())
