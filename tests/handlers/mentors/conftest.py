"""Fixtures of contract mentors: `visitor` has no account yet, `mentor` and `mentee` are ready to be booked for `start`."""

from __future__ import annotations

from datetime import datetime

import pytest
from tornado.ioloop import IOLoop

from tests.clients.http import Api
from tests.clients.mentors import MentorsClient
from tests.fakes.clock import FakeClock
from tests.handlers.mentors.session_makers import HOUR, make_mentee, make_mentor
from thserver.services.all import Services


@pytest.fixture
def visitor(api: Api) -> MentorsClient:
    return MentorsClient(api)


@pytest.fixture
def mentor(io_loop: IOLoop, api: Api, services: Services) -> MentorsClient:
    return io_loop.run_sync(lambda: make_mentor(api, services, "grace"))


@pytest.fixture
def mentee(io_loop: IOLoop, api: Api, services: Services) -> MentorsClient:
    return io_loop.run_sync(lambda: make_mentee(api, services, "ada"))


@pytest.fixture
def start(clock: FakeClock) -> datetime:
    return clock.now() + 3 * HOUR
