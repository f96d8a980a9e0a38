"""Time as the simulated phone company lets it pass: pauses, questions without an answer, longest calls."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from thserver.domain.ports import Clock


class Waiting:
    """`seconds_per_second` is how many seconds of a call pass in one real second; with 0 only the clock counts."""

    def __init__(self, clock: Clock, seconds_per_second: float) -> None:
        if seconds_per_second < 0:
            raise ValueError("time does not go back")
        self._clock = clock
        self._rate = seconds_per_second
        self._look = asyncio.Event()

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Returns when so many seconds of a call have passed, or `look_at_clock` finds that they have.

        They count from now, not from the first await.
        """
        until = asyncio.get_running_loop().time() + (seconds / self._rate if self._rate else math.inf)
        return self._sleep(until, self._clock.now() + timedelta(seconds=seconds))

    async def _sleep(self, until: float, due: datetime) -> None:
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0 and self._clock.now() < due:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(left) else left):
                    await self._look.wait()

    def look_at_clock(self) -> None:
        """The clock was moved by hand: whatever is over by now ends."""
        self._look.set()
        self._look = asyncio.Event()


async def first(*waits: Coroutine[Any, Any, Any]) -> int:
    """Wait for whichever ends first and return its place; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        done = next(place for place, task in enumerate(tasks) if task.done())
        tasks[done].result()
        return done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
