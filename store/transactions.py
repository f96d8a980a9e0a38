"""Transactions that must be repeated while others are at the same documents."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar
from weakref import WeakValueDictionary

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from store.connection import Client
from thserver.domain.errors import Unavailable

# Within a request's deadline, with time left for the rest of it.
LONGEST_S = 2.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.2
# More at once only get into each other's way.
MOST_AT_ONCE = 16

Result = TypeVar("Result")


class Again(Exception):
    """Somebody else was faster: the work is to be begun anew."""


class Turns:
    """Lets those of this process who want the same documents have them in turn, and not too many at once:
    transactions do not wait for each other, they fail. How long one may wait is the caller's to say."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    @contextlib.asynccontextmanager
    async def of(self, ids: Iterable[int]) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as held:
            # Always in one order, so that two do not wait for each other.
            for each in sorted(set(ids)):
                await held.enter_async_context(self._lock(each))
            await held.enter_async_context(self._slots)
            yield

    def _lock(self, of: int) -> asyncio.Lock:
        lock = self._locks.get(of)
        if lock is None:
            lock = self._locks[of] = asyncio.Lock()
        return lock


async def in_transaction(client: Client, work: Callable[[AsyncClientSession], Awaitable[Result]]) -> Result:
    """All of the work or nothing, begun anew on Again and on conflicts. Raises Unavailable after too many."""
    # Each operation has the client's own limit. One for all of them would, when it ends in the middle, keep the driver
    # from telling MongoDB to give the transaction up, and what it has locked would stay so.
    deadline = time.monotonic() + LONGEST_S
    tries = 0
    while True:
        cause: Exception
        try:
            async with client.start_session() as session, await session.start_transaction():
                result = await work(session)
                await _commit(session, deadline)
                return result
        except Again as again:
            cause = again
        except PyMongoError as error:
            if not error.has_error_label("TransientTransactionError"):
                raise
            cause = error
        tries += 1
        pause = random.uniform(0, min(FIRST_PAUSE_S * 1.5**tries, LONGEST_PAUSE_S))
        if time.monotonic() + pause > deadline:
            raise Unavailable from cause
        await asyncio.sleep(pause)


async def _commit(session: AsyncClientSession, deadline: float) -> None:
    """Whether the last commit got through is asked until it is known."""
    while True:
        try:
            await session.commit_transaction()
            return
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") or time.monotonic() > deadline:
                raise
