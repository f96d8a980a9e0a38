"""Another time for a gathering, and clients that send the time along with everything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from tornado.ioloop import IOLoop

from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join, Member
from thserver.services.all import Services

TIME = "2026-03-02T16:00:00Z"


class Appointment(NamedTuple):
    """Ann's gathering with Ben, who has been told of it."""

    ann: Member
    made: dict[str, Any]
    ben: Member
    services: Services
    texts: int

    async def change(self, body: dict[str, Any], *, expect: int = 200) -> Any:
        return (await self.ann("PATCH", f"/meetings/{self.made['id']}/", body, expect=expect)).body

    async def nobody_was_told(self) -> None:
        await self.services.background.idle()
        assert len(self.services.practice.carrier.texts_to(self.ben.phone)) == self.texts


@pytest.fixture
def appointment(io_loop: IOLoop, join: Join, services: Services) -> Appointment:
    async def make() -> Appointment:
        ann, ben = await join("Ann"), await join("Ben")
        made = (await ann.gather(users=[ben.id], time=TIME)).body
        await services.background.idle()
        return Appointment(ann, made, ben, services, len(services.practice.carrier.texts_to(ben.phone)))

    return io_loop.run_sync(make)


async def test_a_client_that_sends_the_time_along_completes_it_after_the_call_too(
    appointment: Appointment, clock: FakeClock
) -> None:
    clock.advance(hours=2)
    made = appointment.made
    assert await appointment.change({"time": made["time"], "completed": True}) == {**made, "completed": True}
    await appointment.nobody_was_told()


async def test_the_time_that_it_has_moves_nothing_and_another_one_is_not_set_once_it_has_begun(
    appointment: Appointment, clock: FakeClock
) -> None:
    made = appointment.made
    assert await appointment.change({"time": made["time"]}) == made
    clock.advance(hours=1, minutes=1)
    assert await appointment.change({"time": made["time"]}) == made
    await appointment.change({"time": (clock.now() + timedelta(days=1)).isoformat()}, expect=400)
    await appointment.nobody_was_told()
