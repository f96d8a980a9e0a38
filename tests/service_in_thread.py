"""A whole service with example people, on a socket of its own and in a thread of its own: for clients that block."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from config.settings import Settings, load
from store.connection import connect, database_name
from store.database import Database
from tests.databases import give_back, lend
from thserver.application import make_application
from thserver.gateways.password_hasher import PasswordHasher
from thserver.services.all import Services
from thserver.services.examples import Examples
from thserver.wiring import wire

Result = TypeVar("Result")
PLENTY = 10_000_000


@dataclasses.dataclass
class ServiceInThread:
    url: str
    services: Services
    examples: Examples
    _loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Something that the services are asked beside the requests."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def service_in_thread(mongo_uri: str, folder: Path) -> Iterator[ServiceInThread]:
    """On a database of its own. No limit of requests, sign-ins or codes is reached."""
    bound, port = bind_unused_port()
    settings = unlimited(
        dataclasses.replace(
            load({"DEBUG": "True", "SECRET_KEY": "a-secret-for-tests-only"}, dotenv=None),
            port=port,
            data_dir=folder,
        )
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(60)

    async def start() -> tuple[Database, Services, HTTPServer, Examples]:
        database = Database(connect(uri), database_name(uri))
        services = await wire(settings, database, hasher=PasswordHasher(memory_in_kib=8, passes=1))
        server = HTTPServer(make_application(services, settings))
        server.add_sockets([bound])
        return database, services, server, await services.examples.fill()

    uri = run(lambda: lend(mongo_uri))
    database, services, server, examples = run(start)
    try:
        yield ServiceInThread(settings.base_url, services, examples, loop)
    finally:

        async def stop() -> None:
            server.stop()
            await server.close_all_connections()
            await services.close()
            await database.close()

        run(stop)
        give_back(mongo_uri, uri)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def unlimited(settings: Settings) -> Settings:
    limits: dict[str, Any] = {
        field.name: PLENTY for field in dataclasses.fields(settings) if field.name.startswith("limit_")
    }
    return dataclasses.replace(settings, **limits)
