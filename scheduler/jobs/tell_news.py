"""News of bookings that a process that died has left untold."""

from __future__ import annotations

from thserver.services.all import Services


async def tell_news(services: Services) -> int:
    """Pass on what happened to bookings and was not told."""
    return await services.news.tell_left_over()
