"""Doing something in one process at a time: whoever holds the lease does it, and a dead holder's lease runs out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from store.database import Database
from thserver.domain.errors import Conflict, Refusal
from thserver.domain.ports import Clock

log = logging.getLogger("thserver.leases")

Result = TypeVar("Result")


class Taken(Conflict):
    """Another process holds the lease."""

    code = "taken"


class Leases:
    def __init__(self, *, database: Database, clock: Clock, life: timedelta = timedelta(seconds=60)) -> None:
        self._leases = database.leases
        self._clock = clock
        self._life = life
        # Shown to staff, so that they know where a job runs.
        self.holder = f"{socket.gethostname()}, process {os.getpid()}"

    async def holders(self) -> dict[str, str]:
        """By name, who holds which lease now."""
        return await self._leases.holders(self._clock.now())

    async def holding(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """The work's result. Raises Taken when another process is at it, or took it over from us meanwhile."""
        now = self._clock.now()
        fence = await self._leases.take(name, now=now, until=now + self._life, holder=self.holder)
        if fence is None:
            raise Taken
        doing = asyncio.ensure_future(work())
        beating = asyncio.ensure_future(self._beat(name, fence))
        try:
            await asyncio.wait({doing, beating}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                log.warning("%s was taken over by another process", name)
                raise Taken
            return await doing
        finally:
            for task in (doing, beating):
                task.cancel()
            await asyncio.gather(doing, beating, return_exceptions=True)
            with contextlib.suppress(Refusal):
                await self._leases.release(name, fence)

    async def _beat(self, name: str, fence: int) -> None:
        """Prolong the lease until somebody else has it."""
        while True:
            await asyncio.sleep(self._life.total_seconds() / 3)
            try:
                if not await self._leases.extend(name, fence, until=self._clock.now() + self._life):
                    return
            except Refusal as refusal:
                log.warning("the lease of %s was not prolonged: %s", name, refusal)
