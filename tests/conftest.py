"""Fixtures, in plain words.

mongo_uri         a real mongod of this test run's own, started once
io_loop           the event loop, one for all tests; none may leave anything running in it
database          its collections, empty at the start of each test, with every index
clock             stands at Monday 2 March 2026, 15:00 UTC, until a test moves it
settings          development settings whose PUBLIC_URL is this test's own server
services          everything wired for real, with simulated phone, card and mail companies
world             `services` with the database, for the makers of bookings
app, http_server  the application on a real socket (see pytest-tornasync)
base_url          where it listens
carrier, payments, mail   the simulated companies that `services` talks to
api               an HTTP client for any path: `await api("GET", "/healthz")`
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port

from config.settings import Settings, load
from store.connection import Client, connect
from store.data_folder import locked
from store.database import Database
from store.embedded import EmbeddedMongo
from tests.booking_makers import World
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver import garbage
from thserver.application import make_application
from thserver.gateways.password_hasher import PasswordHasher
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.services.all import Services
from thserver.wiring import wire

# Those that start processes and wait for them: they go first, so that none is left over for one worker in the end.
LONG = (
    "tests/stories/",
    "tests/browser/",
    "tests/commands/",
    "tests/test_process",
    "tests/test_schemathesis",
)
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3
HOUR_S = 3600
# How long what a test has begun may go on after it, but for what watches the database's server.
TO_END_S = 5
OF_THE_DRIVER = "/pymongo/"
OF_A_REQUEST = "RequestHandler._execute"


def pytest_sessionstart() -> None:
    # A run in the background is told to ignore Ctrl-C, and every process that it starts would do so too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    # Thousands of tests and all their modules: looked through again and again, and never garbage.
    garbage.search_less()


@pytest.fixture(scope="session")
def mongo_uri() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="thserver-tests-", dir=_memory()) as folder:
        mongo = EmbeddedMongo(Path(folder), fast=True)
        mongo.start()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(_make_indexes(mongo.uri("test")))
        loop.close()
        yield mongo.uri("test")
        mongo.stop()


def _memory() -> Path | None:
    """Files in memory, if there is room: the stories make dozens of databases of a hundred and fifty files each."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return None
    for left in MEMORY.glob("thserver-tests-*/lock"):
        # Of a run that was killed.
        with contextlib.suppress(OSError), left.open() as lock:
            if time.time() - left.stat().st_mtime > HOUR_S and locked(lock):
                shutil.rmtree(left.parent, ignore_errors=True)
    return MEMORY


async def _make_indexes(uri: str) -> None:
    database = Database(connect(uri), "test")
    await database.ensure_indexes()
    await database.close()


@pytest.fixture(scope="session")
def session_loop() -> Iterator[IOLoop]:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    io_loop = IOLoop.current()
    yield io_loop
    asyncio.set_event_loop(None)
    io_loop.close(all_fds=True)


@pytest.fixture(scope="session")
def mongo_client(session_loop: IOLoop, mongo_uri: str) -> Iterator[Client]:
    client = connect(mongo_uri)
    yield client
    session_loop.run_sync(client.close)


@pytest.fixture
def io_loop(session_loop: IOLoop) -> Iterator[IOLoop]:
    loop: asyncio.AbstractEventLoop = session_loop.asyncio_loop  # type: ignore[attr-defined]
    # Whatever ran a loop of its own in between has taken it away.
    asyncio.set_event_loop(loop)
    before = asyncio.all_tasks(loop)
    yield session_loop
    left = session_loop.run_sync(lambda: _ended(before))
    assert not left, f"the test leaves this running: {left}"


async def _ended(before: set[asyncio.Task[Any]], *, only: str = "") -> set[asyncio.Task[Any]]:
    """Wait for the tasks that were begun since then; what does not end in time. `only` those of this coroutine."""
    ours = {
        task
        for task in asyncio.all_tasks() - before - {asyncio.current_task()}
        if only in _where(task) and OF_THE_DRIVER not in _where(task)
    }
    if not ours:
        return ours
    return (await asyncio.wait(ours, timeout=TO_END_S))[1]


def _where(task: asyncio.Task[Any]) -> str:
    """File and name of what it runs."""
    code = getattr(task.get_coro(), "cr_code", None)
    return f"{code.co_filename}:{code.co_qualname}" if code is not None else repr(task)


@pytest.fixture
def database(io_loop: IOLoop, mongo_client: Client) -> Database:
    database = Database(mongo_client, "test")
    io_loop.run_sync(database.empty)
    return database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def http_server_port() -> Iterator[tuple[Any, int]]:
    """As pytest-tornasync's own, but closed where no server has taken it over."""
    bound, port = bind_unused_port()
    yield bound, port
    bound.close()


@pytest.fixture
def settings(http_server_port: tuple[Any, int], tmp_path: Path) -> Settings:
    settings = load({"DEBUG": "True", "SECRET_KEY": "a-secret-for-tests-only"}, dotenv=None)
    # Registration and sign-in from one address are limited; tests about that set their own.
    return dataclasses.replace(
        settings, port=http_server_port[1], data_dir=tmp_path, limit_auth_per_address_min=1000
    )


@pytest.fixture
def services(
    request: pytest.FixtureRequest,
    io_loop: IOLoop,
    database: Database,
    clock: FakeClock,
    settings: Settings,
) -> Iterator[Services]:
    cheap = PasswordHasher(memory_in_kib=8, passes=1)
    services = io_loop.run_sync(
        lambda: wire(settings, database, clock=clock, hasher=cheap, practice_speed=50)
    )
    if "http_server" not in request.fixturenames:
        # Nobody would answer them, and the end of the test would wait for that.
        services.practice.carrier.faults.drop_callbacks = True
    before = asyncio.all_tasks(io_loop.asyncio_loop)  # type: ignore[attr-defined]
    yield services
    # Whoever sent them does not wait for their answers, but what they write must not come into the next test.
    io_loop.run_sync(lambda: _ended(before, only=OF_A_REQUEST))
    io_loop.run_sync(services.close)


@pytest.fixture
def world(io_loop: IOLoop, services: Services, database: Database) -> World:
    # Numbers of heroes and of people are far apart: a test that mixes them up should fail.
    io_loop.run_sync(lambda: database.numbers.next("heroes", 1000))
    return World(services, database)


@pytest.fixture
def app(services: Services, settings: Settings, database: Database) -> Any:
    return make_application(services, settings)


@pytest.fixture
def carrier(services: Services) -> SimulatedCarrier:
    return services.practice.carrier


@pytest.fixture
def payments(services: Services) -> SimulatedPayments:
    return services.practice.payments


@pytest.fixture
def mail(services: Services) -> SimulatedMail:
    return services.practice.mail


@pytest.fixture
def base_url(http_server: Any, settings: Settings) -> str:
    return settings.base_url


@pytest.fixture
def api(base_url: str) -> Api:
    return Api(base_url)
