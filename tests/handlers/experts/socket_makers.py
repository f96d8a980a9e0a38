"""Sockets of contract experts as the tests look at them from inside: which are open, and what comes over them."""

from __future__ import annotations

import asyncio
from typing import Any

from handlers.experts import sockets


def open_sockets(app: Any) -> list[sockets.Everything]:
    return list(app.settings.get("open_sockets", ()))


async def none_left(app: Any) -> None:
    """Wait until the service has forgotten every socket."""
    async with asyncio.timeout(5):
        while open_sockets(app):  # noqa: ASYNC110 (they tell nobody when they go)
            await asyncio.sleep(0.01)
