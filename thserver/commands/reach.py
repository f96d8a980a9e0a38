"""How a command finds what it acts on: the settings, and a service that answers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from config.settings import DEVELOPMENT_SECRET, Settings, load
from config.values import SettingsError
from store.data_folder import read_record
from thserver.serve import running


def settings_like_the_service(*, otherwise_development: bool = False) -> Settings:
    """The settings, with the mode and the port of the service that runs (or last ran) on this data folder.

    Raises SettingsError where the service works with a real company that the settings here do not name: a simulated one
    would take texts, letters and charges that are meant for real people, and say that all is done.
    """
    record = read_record(load(development=True).data_dir)
    settings = load(development=bool(record.get("development", otherwise_development)))
    missing = sorted(set(record.get("real_companies", ())) - set(settings.real_companies))
    if missing:
        raise SettingsError(
            f"The service on {settings.data_dir} works with the real {' and '.join(missing)}, which the settings here do not "
            "name: give this command the service's environment or .env."
        )
    address = record.get("address")
    if isinstance(address, str):
        # What this command does calls back under the URL that the service checks signatures against.
        settings = dataclasses.replace(settings, port=urlsplit(address).port or settings.port)
    return settings


@contextlib.asynccontextmanager
async def service_address(settings: Settings) -> AsyncIterator[str]:
    """The URL of the service that runs on this data folder; one of our own for the block if none does.

    Raises SettingsError where that might be a service with people of its own: ours would have simulated companies, and
    what is only tried out does not belong there.
    """
    address = read_record(settings.data_dir).get("address")
    if isinstance(address, str) and await _accepts_connections(address):
        yield address
        return
    if not _is_for_trying_out(settings):
        raise SettingsError(
            f"No service runs on {settings.data_dir}; none is started to try things out while DEBUG=True is not set, "
            "because the other settings are those of one in earnest."
        )
    async with running(dataclasses.replace(settings, port=0)) as service:
        yield service.listening_at


def _is_for_trying_out(settings: Settings) -> bool:
    """Whether somebody has said that this is development, or has said nothing at all yet."""
    is_untouched = not settings.database_url and settings.secret_key == DEVELOPMENT_SECRET
    all_simulated = (
        settings.carrier_is_simulated and settings.payments_are_simulated and settings.mail_is_simulated
    )
    return settings.debug and ((is_untouched and all_simulated) or _says_development())


def _says_development() -> bool:
    try:
        return load().debug
    except SettingsError:
        return False


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
