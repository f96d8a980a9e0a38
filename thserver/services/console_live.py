"""Staff who look on right now are told what has changed, so that their pages can look again.

Only that something has changed is told, never what: a page asks for that with the rights of whoever looks at it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from store.database import Database
from thserver.domain.errors import Throttled, Unavailable
from thserver.domain.staff_actions import ConsoleChange
from thserver.metrics import OPEN_SOCKETS, RESYNCS
from thserver.services.following import follow, stop
from thserver.services.live import CHECK_EVERY_S, OPENING_S
from thserver.services.sign_in import SignIn

log = logging.getLogger("thserver.live")

MOST_LISTENERS = 500
MOST_WAITING = 1000
# What changes within this time is told together, each once.
TOGETHER_S = 0.1
MOST_TOLD_TOGETHER = 100


class TooManyWatching(Throttled):
    """More pages are open than staff can look at."""

    code = "too_many_watching"


class Watcher(Protocol):
    """`token_hash` is None for whoever need not sign in."""

    token_hash: str | None

    def tell(self, changes: list[ConsoleChange]) -> None: ...

    def resync(self) -> None:
        """Something may have been missed: the page must look again."""

    def signed_out(self) -> None: ...


class ConsoleLive:
    def __init__(self, *, database: Database, sign_in: SignIn) -> None:
        self._changes = database.console_changes()
        self._sign_in = sign_in
        self._watchers: set[Watcher] = set()
        self._waiting: asyncio.Queue[ConsoleChange] = asyncio.Queue(MOST_WAITING)
        self._is_open = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, watcher: Watcher) -> None:
        """From now on nothing is missed. Raises TooManyWatching or Unavailable."""
        if len(self._watchers) >= MOST_LISTENERS:
            raise TooManyWatching
        self._watchers.add(watcher)
        OPEN_SOCKETS.inc()
        if not self._tasks:
            # Nobody was looking on before, so nothing was read.
            works = (self._read(), self._tell(), self._watch_tokens())
            self._tasks = [asyncio.get_running_loop().create_task(work) for work in works]
        try:
            async with asyncio.timeout(OPENING_S):
                await self._is_open.wait()
        except TimeoutError as error:
            self.leave(watcher)
            raise Unavailable from error

    def leave(self, watcher: Watcher) -> None:
        """Leaving twice is once."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            OPEN_SOCKETS.dec()

    async def check_tokens(self) -> None:
        """Tell those who are not signed in any more."""
        watchers = [(each, each.token_hash) for each in self._watchers if each.token_hash is not None]
        if not watchers:
            return
        good = await self._sign_in.still_good(token_hash for _, token_hash in watchers)
        for watcher, token_hash in watchers:
            if token_hash not in good:
                watcher.signed_out()

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        await stop(tasks)
        await self._changes.close()

    async def _read(self) -> None:
        async def hear(change: ConsoleChange) -> None:
            if self._watchers:
                await self._waiting.put(change)

        await follow(self._changes, is_open=self._is_open, hear=hear, lost=self._resync)

    async def _tell(self) -> None:
        while True:
            changes = {await self._waiting.get(): None}
            await asyncio.sleep(TOGETHER_S)
            while not self._waiting.empty():
                changes[self._waiting.get_nowait()] = None
            if len(changes) > MOST_TOLD_TOGETHER:
                self._resync()
                continue
            for watcher in tuple(self._watchers):
                try:
                    watcher.tell(list(changes))
                except Exception:
                    log.exception("somebody who looks on could not be told")

    async def _watch_tokens(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                await self.check_tokens()
            except Unavailable:
                log.warning("who of the staff is still signed in cannot be asked now")
            except Exception:
                log.exception("looking for ended sign-ins of staff failed")

    def _resync(self) -> None:
        RESYNCS.inc()
        for watcher in tuple(self._watchers):
            watcher.resync()
