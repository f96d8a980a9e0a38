"""What a process that died has left undone about heroes."""

from __future__ import annotations

from thserver.services.all import Services


async def catch_up_heroes(services: Services) -> int:
    """Let heroes follow their people's changes, ask for letters that were not asked for."""
    return await services.heroes.catch_up()
