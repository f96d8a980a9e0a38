"""The timetable as staff see it: what each job did last, and running one by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from scheduler.runner import Runner
from tests.booking_makers import World
from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from thserver.services.all import Services


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def three(services: Services) -> int:
    return 3


async def nothing(services: Services) -> int:
    return 0


async def broken(services: Services) -> None:
    raise ValueError("poison")


async def slow(services: Services) -> None:
    await asyncio.sleep(0.2)


@pytest.fixture
def runner(services: Services) -> Runner:
    return Runner(services, {"three": (three, 60), "broken": (broken, 5), "slow": (slow, 5), "nothing": (nothing, 5)})  # fmt: skip


async def test_a_job_runs_by_hand_and_its_run_is_shown_and_recorded(
    world: World, browser: Browser, runner: Runner
) -> None:
    assert "not yet" in text_of(await browser.get("/console/sweeps"))
    answer = await browser.post("/console/sweeps/run", name="three")
    assert answer.headers["Location"] == "/console/sweeps?said=ran&name=three"
    words = text_of(await browser.get(answer.headers["Location"]))
    assert "three has run." in words
    assert "3 done, 0 s ago" in words
    [action] = (await world.services.staff_actions.page()).actions
    assert (action.action, action.subject, action.state.value) == ("run a job", "three", "done")


async def test_a_job_that_fails_says_so(world: World, browser: Browser, runner: Runner) -> None:
    answer = await browser.post("/console/sweeps/run", name="broken")
    words = text_of(await browser.get(answer.headers["Location"]))
    assert "broken has failed" in words
    assert "ValueError" in words
    assert "poison" not in words
    [action] = (await world.services.staff_actions.page()).actions
    assert action.state.value == "failed"


async def test_a_job_that_runs_elsewhere_is_left_alone(
    world: World, browser: Browser, runner: Runner
) -> None:
    running = asyncio.create_task(runner.run("slow"))
    await asyncio.sleep(0.05)
    assert world.services.leases.holder in text_of(await browser.get("/console/sweeps"))
    answer = await browser.post("/console/sweeps/run", name="slow")
    assert answer.headers["Location"].startswith("/console/sweeps?said=elsewhere")
    await running
    assert (await browser.post("/console/sweeps/run", name="no-such-job")).headers["Location"].startswith(
        "/console/sweeps?said=not_found"
    )  # fmt: skip


async def test_a_job_that_has_not_run_for_long_is_late(
    world: World, browser: Browser, runner: Runner
) -> None:
    await runner.run("nothing")
    world.services.clock.advance(seconds=12)  # type: ignore[attr-defined]
    words = text_of(await browser.get("/console/sweeps"))
    assert "in 3 s" in words
    assert "late" not in words
    world.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
    assert "late" in text_of(await browser.get("/console/sweeps"))


async def test_idle_runs_are_written_down_only_now_and_then(world: World, runner: Runner) -> None:
    clock = world.services.clock
    began = []
    for _ in range(8):
        await runner.run("nothing")
        began.append((await world.database.sweep_runs.all())["nothing"].began)
        clock.advance(seconds=5)  # type: ignore[attr-defined]
    assert len(set(began)) == 3
    run = (await world.database.sweep_runs.all())["nothing"]
    assert (run.outcome, run.done, run.acted, run.by) == ("done", 0, None, world.services.leases.holder)
    # What began earlier, in another process, does not take the place of what began later.
    assert not await world.database.sweep_runs.keep(
        type(run)(name="nothing", began=run.began - timedelta(seconds=1), seconds=1, outcome="failed")
    )
