"""The life of the process: what is started, in which order, and how it ends without dropping anything."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from config.settings import Settings
from config.values import SettingsError
from scheduler.runner import Runner
from store.data_folder import amend_record, read_record
from store.database import Database
from thserver import garbage, kill_points, logs
from thserver.application import make_application
from thserver.http_server import DrainingServer
from thserver.services.all import Services
from thserver.storage import opened, practice_file
from thserver.wiring import wire

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 11 * 1024 * 1024
IDLE_SECONDS = 60
BODY_SECONDS = 30
DRAIN_SECONDS = 10
GOODBYE_SECONDS = 1
SERVICE_RESTART = 1012


class AddressProblem(Exception):
    """ADDRESS and PORT cannot be listened on; the message is one sentence for the operator."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that accepts requests. `settings.port` is the actual port."""

    settings: Settings
    services: Services
    database: Database

    @property
    def listening_at(self) -> str:
        return listening_at(self.settings)


async def main(settings: Settings) -> None:
    """Serve until a signal says stop."""
    logs.configure(settings)
    stop = stop_signal()
    async with running(settings) as service:
        garbage.search_less()
        announce(service)
        await stop.wait()
        log.info("stopping: requests in flight have %s seconds to end", DRAIN_SECONDS)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """The whole service, for as long as the block lasts.

    Raises AddressProblem, EmbeddedError, ConnectionProblem, or SettingsError for a kill point that there is not.
    """
    if settings.kill_at and settings.kill_at not in kill_points.POINTS:
        raise SettingsError(f"KILL_AT names no kill point: {settings.kill_at[:80]!r}.")
    async with contextlib.AsyncExitStack() as ending:
        # A taken port is found before anything is started; connections wait until all is ready.
        sockets = bind(settings)
        ending.callback(_close, sockets)
        settings = dataclasses.replace(settings, port=sockets[0].getsockname()[1])
        database = await ending.enter_async_context(opened(settings, own=True))
        await _ensure_indexes(database)
        services = await wire(settings, database, records_path=practice_file(settings))
        ending.push_async_callback(services.close)
        kill_points.arm(settings.kill_at)
        runner = Runner(services)
        application = make_application(services, settings)
        server = DrainingServer(
            application,
            trusted_proxies=settings.trusted_proxies,
            max_body_size=MAX_BODY_BYTES,
            idle_connection_timeout=IDLE_SECONDS,
            body_timeout=BODY_SECONDS,
        )
        server.add_sockets(sockets)
        runner.start()
        ending.callback(runner.stop)
        _write_record(settings)
        ending.callback(_clear_record, settings)
        try:
            yield Running(settings=settings, services=services, database=database)
        finally:
            server.stop()
            runner.stop()
            await _close_sockets(application)
            cut_off = await server.drain(DRAIN_SECONDS)
            if cut_off:
                log.warning("%s requests did not end in time and were cut off", cut_off)


def bind(settings: Settings) -> list[socket.socket]:
    """Listening sockets on ADDRESS and PORT; PORT 0 takes a free one."""
    try:
        return bind_sockets(settings.port, settings.address)
    except OSError as problem:
        where = f"Port {settings.port} on {settings.address}"
        if problem.errno == errno.EADDRINUSE:
            raise AddressProblem(f"{where} is already taken: stop what listens there, or set PORT.") from None
        reason = problem.strerror or str(problem)
        raise AddressProblem(f"{where} cannot be listened on ({reason}): set ADDRESS and PORT.") from None


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM, by Ctrl-C and by a terminal that closes; more of them change nothing."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    return stop


def announce(service: Running) -> None:
    """Tell whoever started us where we are and what is not real."""
    settings, clock = service.settings, service.services.practice.clock
    simulated = [
        name
        for name, is_simulated in (
            ("phone company", settings.carrier_is_simulated),
            ("card company", settings.payments_are_simulated),
            ("mail", settings.mail_is_simulated),
        )
        if is_simulated
    ]
    print(f"thserver is ready at {listening_at(settings)}")
    if settings.debug and settings.carrier_is_simulated:
        print(f"  practice phones {listening_at(settings)}/")
    print(f"  number to dial  {settings.conference_number}")
    print(f"  simulated       {', '.join(simulated) or 'nothing'}")
    print(
        f"  database        {'DATABASE_URL' if settings.database_url else f'MongoDB in {settings.data_dir}'}"
    )
    if clock is not None and clock.ahead:
        print(f"  practice clock  {clock.ahead} ahead of the real one")
    if settings.debug:
        print("  development     DEBUG is on; never let strangers reach this service")
    print("Stop it with Ctrl-C.", flush=True)


def listening_at(settings: Settings) -> str:
    """The URL under which a process on this machine reaches the service."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.address, settings.address)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{settings.port}"


async def _ensure_indexes(database: Database) -> None:
    try:
        await database.ensure_indexes()
    except Exception:
        # The service then runs, but `/readyz` names what is missing: better seen there than a loop of restarts.
        log.exception("not all indexes could be made")


async def _close_sockets(application: Application) -> None:
    """Tell every open WebSocket that the service restarts; give them a moment to say goodbye."""
    sockets: set[WebSocketHandler] = application.settings.get("open_sockets", set())
    for one in list(sockets):
        one.close(SERVICE_RESTART, "service restart")
    deadline = asyncio.get_running_loop().time() + GOODBYE_SECONDS
    while sockets and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 (they tell nobody when they go)
        await asyncio.sleep(0.02)


def _write_record(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        amend_record(
            settings.data_dir,
            pid=os.getpid(),
            address=listening_at(settings),
            development=settings.debug,
            real_companies=settings.real_companies,
        )
    except OSError as problem:
        log.warning("other commands will not find this service: %s", problem)


def _clear_record(settings: Settings) -> None:
    with contextlib.suppress(OSError):
        if read_record(settings.data_dir).get("pid") == os.getpid():
            amend_record(settings.data_dir, pid=None, address=None)


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
