"""`join`: makes somebody who is here, with his app: `ben = await join("Ben")`; `ann`: one of them; `app_of`: one who is not signed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from tests.clients.gatherings import GatheringsClient
from tests.clients.http import Api
from tests.makers import make_person, token_of
from thserver.domain.people import Person
from thserver.services.all import Services


class Member(GatheringsClient):
    """A person with his app."""

    def __init__(self, api: Api, person: Person, token: str) -> None:
        super().__init__(api, token)
        self.person = person
        self.id = person.id
        assert person.phone is not None
        self.phone = person.phone


Join = Callable[..., Awaitable[Member]]


@pytest.fixture
def join(api: Api, services: Services) -> Join:
    async def make(name: str = "Ann", **known: Any) -> Member:
        person = await make_person(
            services, **{"first_name": name, "last_name": "", "verified": False, **known}
        )
        return Member(api, person, await token_of(services, person, "gatherings"))

    return make


@pytest.fixture
def ann(io_loop: IOLoop, join: Join) -> Member:
    found: Member = io_loop.run_sync(join)
    return found


@pytest.fixture
def anns_meeting(io_loop: IOLoop, ann: Member) -> int:
    """One that she is the king of, alone."""
    number: int = io_loop.run_sync(ann.gather).body["id"]
    return number


@pytest.fixture
def app_of(api: Api) -> GatheringsClient:
    """The app of somebody who is not signed in."""
    return GatheringsClient(api)


@pytest.fixture(autouse=True)
def texts_arrive_in_silence(services: Services) -> None:
    """What becomes of a text is not what these tests are about, and each word of it is a request to us."""
    services.practice.carrier.faults.drop_callbacks = True
