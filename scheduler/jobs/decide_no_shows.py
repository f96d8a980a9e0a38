"""Meetings that are over and to which not both came."""

from __future__ import annotations

from thserver.services.all import Services


async def decide_no_shows(services: Services) -> int:
    """Decide who did not come to a meeting, a quarter of an hour after its end; the credit is for who did."""
    return await services.meetings.decide_no_shows()
