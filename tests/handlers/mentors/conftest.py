"""Fixtures of contract mentors: `visitor` has no account yet, `mentor` and `mentee` are ready to be booked for `start`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from tests.clients.http import Api
from tests.clients.mentors import MentorsClient
from tests.fakes.clock import FakeClock
from tests.handlers.mentors.session_makers import HOUR


@pytest.fixture
def visitor(api: Api) -> MentorsClient:
    return MentorsClient(api)


@pytest.fixture
def mentor(io_loop: IOLoop, api: Api) -> MentorsClient:
    async def make() -> Any:
        client = await MentorsClient(api).register("grace")
        await client.become_mentor()
        return client

    return io_loop.run_sync(make)


@pytest.fixture
def mentee(io_loop: IOLoop, api: Api) -> MentorsClient:
    async def make() -> Any:
        client = await MentorsClient(api).register("ada")
        await client.become_mentee()
        return client

    return io_loop.run_sync(make)


@pytest.fixture
def start(clock: FakeClock) -> datetime:
    return clock.now() + 3 * HOUR
