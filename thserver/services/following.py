"""Following the changes of the database for as long as somebody may listen: what is away comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

from store.changes import Changes, HistoryLost
from thserver.domain.errors import Unavailable

log = logging.getLogger("thserver.live")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

CANCEL_AGAIN_S = 0.5
OPENING_S = 3.0
CHECK_EVERY_S = 2.5

T = TypeVar("T")


async def follow(
    changes: Changes[T],
    *,
    is_open: asyncio.Event,
    hear: Callable[[T], Awaitable[None]],
    lost: Callable[[], None],
) -> None:
    """Never returns. `is_open` is set once nothing is missed any more; `lost` is called when something was."""
    is_lost = False
    pause = FIRST_PAUSE_S
    while True:
        try:
            await changes.open()
            is_open.set()
            if is_lost:
                # Only now: whoever looks for himself from here on finds all that came before.
                is_lost = False
                lost()
            while True:
                found = await changes.next()
                pause = FIRST_PAUSE_S
                if found is not None:
                    await hear(found)
        except HistoryLost:
            log.warning("some changes cannot be read any more: all listeners are told to look for themselves")
            is_lost = True
        except Unavailable:
            log.warning("the changes cannot be read now")
        except Exception:
            log.exception("reading the changes failed")
            is_lost = True
        await changes.close()
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


class Listening(Generic[T]):
    """What a process does while somebody listens. Begun by the first who does: before, nothing is read."""

    def __init__(self, changes: Changes[T]) -> None:
        self._changes = changes
        self._is_open = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(
        self,
        *,
        hear: Callable[[T], Awaitable[None]],
        lost: Callable[[], None],
        besides: Callable[[], Iterable[Coroutine[Any, Any, None]]],
    ) -> None:
        """From now on nothing is missed; `besides` is what else is to be done meanwhile. Raises Unavailable."""
        if not self._tasks:
            reading = follow(self._changes, is_open=self._is_open, hear=hear, lost=lost)
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(work) for work in (reading, *besides())]
        try:
            async with asyncio.timeout(OPENING_S):
                await self._is_open.wait()
        except TimeoutError as error:
            raise Unavailable from error

    async def close(self) -> None:
        left, self._tasks = set(self._tasks), []
        while left:
            for task in left:
                task.cancel()
            # A driver that has its answer in the same moment may swallow the first try.
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
        await self._changes.close()


async def look_again_and_again(look: Callable[[], Awaitable[None]]) -> None:
    """Look for sign-ins that have ended; they must know within five seconds. Never returns."""
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        try:
            await look()
        except Unavailable:
            log.warning("who is still signed in cannot be asked now")
        except Exception:
            log.exception("looking for ended sign-ins failed")
