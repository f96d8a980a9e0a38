"""How a command finds what it acts on: the settings, and a service that answers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from config.settings import Settings, load
from store.data_folder import read_record
from thserver.serve import running


def settings_like_the_service(*, otherwise_development: bool = False) -> Settings:
    """The settings, with the mode and the port of the service that runs (or last ran) on this data folder."""
    record = read_record(load(development=True).data_dir)
    settings = load(development=bool(record.get("development", otherwise_development)))
    address = record.get("address")
    if isinstance(address, str):
        # What this command does calls back under the URL that the service checks signatures against.
        settings = dataclasses.replace(settings, port=urlsplit(address).port or settings.port)
    return settings


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
