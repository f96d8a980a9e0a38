"""`john` asks, `jane` is the expert, `bob` is a stranger: each signed in."""

from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from tests.clients.experts import ExpertsClient
from tests.clients.http import Api


@pytest.fixture
def john(io_loop: IOLoop, api: Api) -> ExpertsClient:
    return io_loop.run_sync(lambda: ExpertsClient(api).register("johndoe"))


@pytest.fixture
def jane(io_loop: IOLoop, api: Api) -> ExpertsClient:
    return io_loop.run_sync(
        lambda: ExpertsClient(api).register("janesmith", first_name="Jane", last_name="Smith")
    )


@pytest.fixture
def bob(io_loop: IOLoop, api: Api) -> ExpertsClient:
    return io_loop.run_sync(
        lambda: ExpertsClient(api).register("bobjohnson", first_name="Bob", last_name="Johnson")
    )
