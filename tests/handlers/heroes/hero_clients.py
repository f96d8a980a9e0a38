"""The client of contract heroes of somebody who is signed in."""

from __future__ import annotations

from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.makers import token_of
from thserver.domain.people import Person
from thserver.services.all import Services


async def client_of(api: Api, services: Services, person: Person) -> HeroesClient:
    return HeroesClient(api, await token_of(services, person))
