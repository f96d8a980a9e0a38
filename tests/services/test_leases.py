"""Leases: one holder at a time, a dead one's runs out, and one that was overtaken has to stop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from thserver.services.leases import Leases, Taken

MINUTE = timedelta(minutes=1)


async def test_one_of_many_gets_it(database: Database, clock: FakeClock) -> None:
    until = clock.now() + MINUTE
    fences = await asyncio.gather(
        *(database.leases.take("job", now=clock.now(), until=until) for _ in range(20))
    )
    assert [fence for fence in fences if fence is not None] == [1]


async def test_a_dead_holders_lease_runs_out_and_its_token_is_no_good_any_more(
    database: Database, clock: FakeClock
) -> None:
    first = await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE)
    assert first is not None
    clock.advance(seconds=61)
    second = await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE)
    assert second is not None
    assert second > first
    assert not await database.leases.extend("job", first, until=clock.now() + 9 * MINUTE)
    await database.leases.release("job", first)
    assert await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE) is None


async def test_work_is_done_by_one_and_the_lease_is_given_back(database: Database, clock: FakeClock) -> None:
    leases = [Leases(database=database, clock=clock) for _ in range(3)]
    going, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        going.set()
        await go_on.wait()
        return 7

    first = asyncio.ensure_future(leases[0].holding("job", work))
    await going.wait()
    for other in leases[1:]:
        with pytest.raises(Taken):
            await other.holding("job", work)
    go_on.set()
    assert await first == 7
    assert await leases[1].holding("job", work) == 7


async def test_a_clock_that_was_put_back_does_not_keep_a_lease_from_everybody(
    database: Database, clock: FakeClock
) -> None:
    leases = Leases(database=database, clock=clock)

    async def work() -> int:
        return 7

    clock.advance(days=3)
    await leases.holding("given back", work)
    await database.leases.take("its holder died", now=clock.now(), until=clock.now() + MINUTE)
    clock.advance(days=-3)
    assert await leases.holding("given back", work) == 7
    assert await leases.holding("its holder died", work) == 7


async def test_a_failure_gives_the_lease_back(database: Database, clock: FakeClock) -> None:
    leases = Leases(database=database, clock=clock)

    async def fail() -> None:
        raise ValueError("no")

    async def succeed() -> str:
        return "yes"

    with pytest.raises(ValueError, match="no"):
        await leases.holding("job", fail)
    assert await leases.holding("job", succeed) == "yes"


async def test_a_holder_that_was_overtaken_stops(database: Database, clock: FakeClock) -> None:
    leases = Leases(database=database, clock=clock, life=timedelta(milliseconds=60))
    stopped = asyncio.Event()

    async def work() -> None:
        clock.advance(minutes=1)
        assert await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE) == 2
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    with pytest.raises(Taken):
        await leases.holding("job", work)
    assert stopped.is_set()
    assert await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE) is None


async def test_a_long_job_keeps_its_lease(database: Database, clock: FakeClock) -> None:
    leases = Leases(database=database, clock=clock, life=timedelta(milliseconds=60))
    prolonged = asyncio.Event()
    extend = database.leases.extend

    async def seen(*args: object, **kwargs: object) -> bool:
        held = await extend(*args, **kwargs)  # type: ignore[arg-type]
        prolonged.set()
        return held

    leases._leases.extend = seen  # type: ignore[method-assign]

    async def work() -> None:
        clock.advance(seconds=0.05)
        await prolonged.wait()
        clock.advance(seconds=0.05)
        assert await database.leases.take("job", now=clock.now(), until=clock.now() + MINUTE) is None

    await leases.holding("job", work)
