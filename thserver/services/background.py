"""Work that follows an answer: started at once, run once at a time by name, and waited for at the end.

It only makes things faster: whatever is done here is also found by a sweep, should the process die first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from thserver.domain.errors import Refusal

log = logging.getLogger("thserver.background")

Work = Callable[[], Awaitable[object]]
Result = TypeVar("Result")


@contextlib.contextmanager
def one_of_many(what: str) -> Iterator[None]:
    """What goes wrong with this one is logged and does not keep the others back.

    A refusal is no fault of ours, so it is no error: mostly the database was busy or away, and a sweep tries again.
    """
    try:
        yield
    except Refusal as refusal:
        log.warning("%s did not get through: %s", what, refusal)
    except Exception:
        log.exception("%s failed", what)


class Background:
    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Work] = {}
        self._in_turn: dict[str, deque[Work]] = {}

    async def through(self, name: str, work: Callable[[], Awaitable[Result]], *, patience_s: float) -> Result:
        """The work's result, or what it raises. Several of one name are done one after the other. When it is not through
        in time it goes on by itself, and TimeoutError is raised."""
        ended: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                result = await work()
            except Exception as error:
                if ended.done():
                    raise
                ended.set_exception(error)
            else:
                if not ended.done():
                    ended.set_result(result)

        if name in self._in_turn:
            self._in_turn[name].append(run)
        else:
            self._in_turn[name] = deque([run])
            self.soon(name, lambda: self._do_in_turn(name))
        async with asyncio.timeout(patience_s):
            return await ended

    async def _do_in_turn(self, name: str) -> None:
        waiting = self._in_turn[name]
        try:
            while waiting:
                with one_of_many(name):
                    await waiting.popleft()()
        finally:
            del self._in_turn[name]

    def soon(self, name: str, work: Work) -> None:
        """Run this work soon; if work of that name is running, once more after it."""
        if name in self._running:
            self._again[name] = work
            return
        task = asyncio.get_running_loop().create_task(self._run(name, work), name=name)
        self._running[name] = task

    async def idle(self) -> None:
        """Wait until nothing is running any more."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await asyncio.sleep(0)

    async def close(self, seconds: float = 10) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.idle()
        except TimeoutError:
            log.warning("background work did not end in time: %s", sorted(self._running))
            for task in self._running.values():
                task.cancel()

    async def _run(self, name: str, work: Work) -> None:
        try:
            while True:
                with one_of_many(name):
                    await work()
                following = self._again.pop(name, None)
                if following is None:
                    return
                work = following
        finally:
            self._running.pop(name, None)
