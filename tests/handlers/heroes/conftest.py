"""`client`: one that is not signed in; `registered`: what he was told who has registered with it; `cast`: a user, a hero and a stranger, signed in, for the tests of call requests."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from tests.booking_makers import World, make_caller, make_host
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.handlers.heroes.cast import Cast
from thserver.domain.people import Person
from thserver.services.all import Services


@pytest.fixture
def cast(io_loop: IOLoop, world: World, api: Api) -> Cast:
    async def token(person: Person) -> str:
        return await world.services.sign_in.give_token(person.id, "heroes")

    async def make() -> Cast:
        user, stranger = await make_caller(world), await make_caller(world, first_name="Some")
        host, hero = await make_host(world)
        return Cast(api, world, user, await token(user), host, hero, await token(host), await token(stranger))

    return io_loop.run_sync(make)


@pytest.fixture
def client(api: Api, services: Services) -> HeroesClient:
    return HeroesClient(api)


@pytest.fixture
def registered(io_loop: IOLoop, client: HeroesClient) -> dict[str, Any]:
    told: dict[str, Any] = io_loop.run_sync(client.register)
    return told


@pytest.fixture(autouse=True)
def texts_arrive_in_silence(services: Services) -> None:
    """What becomes of a text is not what these tests are about, and each word of it is a request to us."""
    services.practice.carrier.faults.drop_callbacks = True
