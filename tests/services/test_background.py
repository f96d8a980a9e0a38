"""Work of which there is much, and of which one piece must not keep the others back."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.booking_makers import World, make_caller, make_host, request_call
from tests.money_makers import later
from thserver.domain.bookings import Booking, News
from thserver.domain.errors import Unavailable
from thserver.services.background import Background, one_of_many


async def test_news_that_a_busy_database_refuses_waits_for_the_next_sweep_and_is_no_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    async def twice_busy(booking: Booking, news: News) -> None:
        told.append(news.what)
        if len(told) <= 2:
            raise Unavailable

    world.services.news.subscribe(twice_busy)
    _, hero = await make_host(world)
    await request_call(world, await make_caller(world), hero)
    await world.services.background.idle()
    later(world, minutes=1)
    for _ in range(3):
        await world.services.news.tell_left_over()
    assert told == ["requested"] * 3
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_refusal_is_said_in_a_line_and_a_fault_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    with one_of_many("news of booking 5"):
        raise Unavailable
    with one_of_many("news of booking 6"):
        raise ValueError("a fault")
    refused, failed = caplog.records
    assert (refused.levelname, refused.exc_info) == ("WARNING", None)
    assert refused.getMessage().startswith("news of booking 5 did not get through")
    assert failed.levelname == "ERROR"
    assert failed.exc_info is not None


async def test_everybody_who_waits_for_work_of_one_name_has_his_own_result() -> None:
    background = Background()
    running = 0

    async def work(number: int) -> int:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        if number % 2:
            raise Unavailable
        return number

    results = await asyncio.gather(
        *(background.through("pay", lambda n=n: work(n), patience_s=5) for n in range(6)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert [each if isinstance(each, int) else type(each) for each in results] == [
        0, Unavailable, 2, Unavailable, 4, Unavailable,
    ]  # fmt: skip
    assert await background.through("pay", lambda: work(8), patience_s=5) == 8


async def test_work_that_nobody_waits_for_any_more_is_done_and_lets_the_next_have_his_turn() -> None:
    background = Background()
    gate = asyncio.Event()
    done: list[str] = []

    async def slow() -> None:
        await gate.wait()
        done.append("slow")
        raise Unavailable

    async def quick() -> str:
        done.append("quick")
        return "quick"

    with pytest.raises(TimeoutError):
        await background.through("pay", slow, patience_s=0)
    waiting = asyncio.ensure_future(background.through("pay", quick, patience_s=5))
    await asyncio.sleep(0)
    gate.set()
    assert await waiting == "quick"
    assert done == ["slow", "quick"]
