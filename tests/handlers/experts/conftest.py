"""`john` asks, `jane` is the expert, `bob` is a stranger: each signed in."""

from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.meeting_makers import keep_member
from thserver.services.all import Services


async def signed_in(api: Api, services: Services, *who: str) -> ExpertsClient:
    """With his username, first and last name."""
    name, first_name, last_name = who
    person, token = await keep_member(services, name, first_name=first_name, last_name=last_name)
    client = ExpertsClient(api, token)
    shown = ("id", "username", "email", "first_name", "last_name")
    client.me = {**{name: getattr(person, name) for name in shown}, "token": token}
    return client


@pytest.fixture
def john(io_loop: IOLoop, api: Api, services: Services) -> ExpertsClient:
    return io_loop.run_sync(lambda: signed_in(api, services, "johndoe", "John", "Doe"))


@pytest.fixture
def jane(io_loop: IOLoop, api: Api, services: Services) -> ExpertsClient:
    return io_loop.run_sync(lambda: signed_in(api, services, "janesmith", "Jane", "Smith"))


@pytest.fixture
def bob(io_loop: IOLoop, api: Api, services: Services) -> ExpertsClient:
    return io_loop.run_sync(lambda: signed_in(api, services, "bobjohnson", "Bob", "Johnson"))
