"""Where the service and its commands get their database from: DATABASE_URL, the running service's, or their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from config.settings import Settings
from store.connection import check, connect, database_name
from store.database import Database
from store.embedded import EmbeddedMongo, running_uri

log = logging.getLogger(__name__)

SUPERVISION_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0


class DataFolderProblem(Exception):
    """DATA_DIR cannot be written; the message is one sentence for the operator."""


def practice_file(settings: Settings) -> Path | None:
    """Where the simulated companies remember; None where every company is real."""
    simulated = (settings.carrier_is_simulated, settings.payments_are_simulated, settings.mail_is_simulated)
    if not any(simulated):
        return None
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise DataFolderProblem(
            f"DATA_DIR {settings.data_dir} cannot be written: {problem.strerror}."
        ) from problem
    return settings.data_dir / "simulated.sqlite"


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, own: bool = False) -> AsyncIterator[Database]:
    """The database, checked, for as long as the block lasts. `own` refuses to share a data folder with anybody.

    Raises EmbeddedError or ConnectionProblem.
    """
    if settings.database_url:
        async with _client(settings.database_url) as database:
            yield database
        return
    shared = None if own else running_uri(settings.data_dir)
    if shared is not None:
        async with _client(shared) as database:
            yield database
        return
    mongo = EmbeddedMongo(settings.data_dir)
    mongo.start()
    supervision = asyncio.create_task(_keep_running(mongo))
    try:
        async with _client(mongo.uri()) as database:
            yield database
    finally:
        supervision.cancel()
        mongo.stop()


@contextlib.asynccontextmanager
async def _client(uri: str) -> AsyncIterator[Database]:
    client = connect(uri)
    try:
        await check(client)
        yield Database(client, database_name(uri))
    finally:
        await client.close()


async def _keep_running(mongo: EmbeddedMongo) -> None:
    """Start the private MongoDB again when it ends by itself (killed, out of memory), ever less eagerly."""
    pause = SUPERVISION_SECONDS
    quiet_until = 0.0
    while True:
        await asyncio.sleep(pause)
        now = asyncio.get_running_loop().time()
        try:
            ended = mongo.restart_if_dead()
        except Exception:
            log.exception("the embedded MongoDB ended by itself and does not start")
            ended = True
        else:
            if ended:
                log.error(
                    "the embedded MongoDB ended by itself and was started again (see %s)", mongo.log_file
                )
        if ended:
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            quiet_until = now + STEADY_SECONDS
        elif now > quiet_until:
            pause = SUPERVISION_SECONDS
