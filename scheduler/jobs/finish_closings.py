"""Accounts that a process that died has left half closed."""

from __future__ import annotations

from thserver.services.all import Services


async def finish_closings(services: Services) -> int:
    return await services.closing.finish_left_over()
