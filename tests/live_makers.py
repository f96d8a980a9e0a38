"""Listeners that keep what they hear, and another process on the same database, for the tests of live updates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from config.settings import Settings
from store.connection import connect
from store.database import Database
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.meeting_makers import make_member
from thserver.domain.messages import Message
from thserver.domain.people import Person
from thserver.gateways.password_hasher import PasswordHasher
from thserver.services.all import Services
from thserver.services.live import Event
from thserver.wiring import wire

PATIENCE_S = 10


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self, person: Person, token_hash: str = "none") -> None:
        self.person_id = person.id
        self.token_hash = token_hash
        self.heard: list[Event] = []
        self.resyncs = 0
        self.is_signed_out = False
        self._something = asyncio.Event()

    def hear(self, event: Event) -> None:
        self.heard.append(event)
        self._something.set()

    def resync(self) -> None:
        self.resyncs += 1
        self._something.set()

    def signed_out(self) -> None:
        self.is_signed_out = True

    @property
    def messages(self) -> list[Message]:
        return [event.item for event in self.heard if isinstance(event.item, Message)]

    @property
    def contents(self) -> list[str]:
        return [message.content for message in self.messages]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._something.clear()
                await self._something.wait()


@asynccontextmanager
async def second_process(
    settings: Settings, uri: str, clock: FakeClock
) -> AsyncIterator[tuple[Services, Database]]:
    """Everything once more, as another process on the same database has it."""
    database = Database(connect(uri), "test")
    cheap = PasswordHasher(memory_in_kib=8, passes=1)
    services = await wire(settings, database, clock=clock, hasher=cheap, practice_speed=50)
    services.practice.carrier.faults.drop_callbacks = True
    try:
        yield services, database
    finally:
        await services.close()
        await database.close()


async def pair(world: World) -> tuple[Person, Person]:
    return await make_member(world), await make_member(world, first_name="Jane", last_name="Smith")
