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
from thserver.services.following import Listening, look_again_and_again
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
        self._listening = Listening(self._changes)

    async def join(self, watcher: Watcher) -> None:
        """From now on nothing is missed. Raises TooManyWatching or Unavailable."""
        if len(self._watchers) >= MOST_LISTENERS:
            raise TooManyWatching
        self._watchers.add(watcher)
        OPEN_SOCKETS.inc()
        try:
            await self._listening.begin(
                hear=self._hear,
                lost=self._resync,
                besides=lambda: (self._tell(), look_again_and_again(self.check_tokens)),
            )
        except Unavailable:
            self.leave(watcher)
            raise

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
        await self._listening.close()

    async def _hear(self, change: ConsoleChange) -> None:
        if self._watchers:
            await self._waiting.put(change)

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

    def _resync(self) -> None:
        RESYNCS.inc()
        for watcher in tuple(self._watchers):
            watcher.resync()
