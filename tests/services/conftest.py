"""`court`: three people who gather, for the tests of gatherings."""

from __future__ import annotations

import pytest

from tests.booking_makers import World
from tests.gathering_makers import Court
from tests.makers import make_person


@pytest.fixture
def court(world: World, io_loop: object) -> Court:
    async def make() -> Court:
        names = (("Ann", "America/Chicago"), ("Ben", "America/New_York"), ("Cat", "Europe/London"))
        people = [
            await make_person(world.services, first_name=name, last_name="Lee", timezone=zone, verified=False)
            for name, zone in names
        ]
        return Court(world, people)

    return io_loop.run_sync(make)  # type: ignore[attr-defined]
