"""Uploads that a process that died has left, and pictures that nobody shows any more."""

from __future__ import annotations

from thserver.services.all import Services


async def collect_orphans(services: Services) -> int:
    return await services.media.collect_orphans()
