"""Fixtures of contract mentors: `visitor` has no account yet, `mentor` and `mentee` are ready to be booked."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from tests.clients.http import Api
from tests.clients.mentors import MentorsClient


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
