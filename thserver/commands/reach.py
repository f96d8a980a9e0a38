"""How a command finds what it acts on: the settings, and a service that answers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from config.settings import Settings, load
from store.embedded import read_record
from thserver.serve import running


def settings_like_the_service(*, otherwise_development: bool = False) -> Settings:
    """The settings, in development mode if the service on this data folder is (or was last) in it."""
    folder = load(development=True).data_dir
    return load(development=bool(read_record(folder).get("development", otherwise_development)))


@contextlib.asynccontextmanager
async def service_address(settings: Settings) -> AsyncIterator[str]:
    """The URL of the service that runs on this data folder; one of our own for the block if none does."""
    address = read_record(settings.data_dir).get("address")
    if isinstance(address, str) and await _accepts_connections(address):
        yield address
        return
    async with running(dataclasses.replace(settings, port=0)) as service:
        yield service.listening_at


async def _accepts_connections(address: str) -> bool:
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
