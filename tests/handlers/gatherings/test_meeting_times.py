"""Another time for a gathering, and clients that send the time along with everything else."""

from __future__ import annotations

from datetime import timedelta

from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join
from thserver.services.all import Services

TIME = "2026-03-02T16:00:00Z"


async def test_a_client_that_sends_the_time_along_completes_it_after_the_call_too(
    join: Join, clock: FakeClock, services: Services
) -> None:
    ann, ben = await join("Ann"), await join("Ben")
    made = (await ann.gather(users=[ben.id], time=TIME)).body
    await services.background.idle()
    texts = len(services.practice.carrier.texts_to(ben.phone))
    clock.advance(hours=2)
    done = await ann("PATCH", f"/meetings/{made['id']}/", {"time": made["time"], "completed": True})
    assert done.body == {**made, "completed": True}
    await services.background.idle()
    assert len(services.practice.carrier.texts_to(ben.phone)) == texts


async def test_the_time_that_it_has_moves_nothing_and_another_one_is_not_set_once_it_has_begun(
    join: Join, clock: FakeClock, services: Services
) -> None:
    ann, ben = await join("Ann"), await join("Ben")
    made = (await ann.gather(users=[ben.id], time=TIME)).body
    await services.background.idle()
    texts = len(services.practice.carrier.texts_to(ben.phone))
    assert (await ann("PATCH", f"/meetings/{made['id']}/", {"time": made["time"]})).body == made
    clock.advance(hours=1, minutes=1)
    assert (await ann("PATCH", f"/meetings/{made['id']}/", {"time": made["time"]})).body == made
    later = (clock.now() + timedelta(days=1)).isoformat()
    await ann("PATCH", f"/meetings/{made['id']}/", {"time": later}, expect=400)
    await services.background.idle()
    assert len(services.practice.carrier.texts_to(ben.phone)) == texts
