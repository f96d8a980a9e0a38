"""Following the changes of the database for as long as somebody may listen: what is away comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from store.changes import Changes, HistoryLost
from thserver.domain.errors import Unavailable

log = logging.getLogger("thserver.live")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

CANCEL_AGAIN_S = 0.5

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


async def stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel these and wait for their end. A driver that has its answer in the same moment may swallow the first try."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
