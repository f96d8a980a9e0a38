"""The timetable: every job runs, by itself and by hand, in one process at a time, and no failure stops the others."""

from __future__ import annotations

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from scheduler.runner import Runner
from scheduler.timetable import TIMETABLE, what_it_does
from store.database import Database
from tests.fakes.clock import FakeClock
from thserver.services.all import Services
from thserver.services.leases import Leases, Taken


def runs(job: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("job_runs_total", {"job": job, "outcome": outcome}) or 0.0


@pytest.mark.parametrize("name", list(TIMETABLE))
async def test_every_job_runs_by_hand_twice_and_says_what_it_does(services: Services, name: str) -> None:
    runner = Runner(services)
    assert await runner.run(name) in (0, None)
    assert await runner.run(name) in (0, None)
    assert what_it_does(TIMETABLE[name][0])
    assert TIMETABLE[name][1] > 0


def test_a_request_that_nobody_answered_in_time_keeps_its_credit_for_a_minute_at_most() -> None:
    assert TIMETABLE["expire-stale"][1] <= 60


async def test_jobs_run_by_themselves_again_and_again_whatever_happens_to_others(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    ran = asyncio.Queue[str]()

    async def good(services: Services) -> int:
        ran.put_nowait("good")
        return 1

    async def bad(services: Services) -> None:
        ran.put_nowait("bad")
        raise ValueError("this job is poison")

    runner = Runner(services, {"bad": (bad, 0.05), "good": (good, 0.05)})
    failures, successes = runs("bad", "failed"), runs("good", "done")
    runner.start()
    names: list[str] = []
    while min(names.count("good"), names.count("bad")) < 2:
        names.append(await asyncio.wait_for(ran.get(), 10))
    runner.stop()
    await services.background.idle()
    assert runs("bad", "failed") >= failures + 2
    assert runs("good", "done") >= successes + 2
    assert any(
        record.levelno == logging.ERROR and "bad failed" in record.message for record in caplog.records
    )


async def test_nothing_starts_after_stopping(services: Services) -> None:
    count = 0

    async def job(services: Services) -> None:
        nonlocal count
        count += 1

    runner = Runner(services, {"job": (job, 0.02)})
    runner.start()
    runner.stop()
    runner.stop()
    await asyncio.sleep(0.3)
    await services.background.idle()
    assert count == 0


async def test_a_job_runs_in_one_process_at_a_time(
    services: Services, database: Database, clock: FakeClock
) -> None:
    going, go_on = asyncio.Event(), asyncio.Event()

    async def job(services: Services) -> int:
        going.set()
        await go_on.wait()
        return 3

    runner, other = (Runner(services, {"job": (job, 60)}) for _ in range(2))
    first = asyncio.ensure_future(runner.run("job"))
    await going.wait()
    elsewhere = runs("job", "elsewhere")
    with pytest.raises(Taken):
        await other.run("job")
    assert runs("job", "elsewhere") == elsewhere + 1
    go_on.set()
    assert await first == 3
    assert await other.run("job") == 3


async def test_a_job_whose_process_died_is_done_by_another_when_the_lease_has_run_out(
    services: Services, database: Database, clock: FakeClock
) -> None:
    async def job(services: Services) -> int:
        return 1

    now = clock.now()
    assert await database.leases.take(
        "job job", now=now, until=now + Leases(database=database, clock=clock)._life
    )
    runner = Runner(services, {"job": (job, 60)})
    with pytest.raises(Taken):
        await runner.run("job")
    clock.advance(seconds=61)
    assert await runner.run("job") == 1


async def test_a_slow_job_is_not_started_again_before_it_has_ended(services: Services) -> None:
    running = most = 0
    done = asyncio.Event()

    async def slow(services: Services) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        running -= 1
        done.set()

    runner = Runner(services, {"slow": (slow, 0.01)})
    runner.start()
    await asyncio.wait_for(done.wait(), 10)
    runner.stop()
    await services.background.idle()
    assert most == 1


async def test_an_unknown_job_is_a_key_error(services: Services) -> None:
    with pytest.raises(KeyError):
        await Runner(services).run("make-coffee")
