"""Conferences of whose end, or of which nothing at all, we were told."""

from __future__ import annotations

from thserver.services.all import Services


async def close_silent_conferences(services: Services) -> int:
    """Apply events that were left over, and look up in the carrier's records what was never told."""
    return await services.conference_records.close_silent()
