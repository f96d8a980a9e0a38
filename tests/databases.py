"""Databases for tests that need others than the one of all tests: each is made once, which takes longer than many a test,
and lent to one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError

from store.connection import connect, database_name
from store.database import Database

PATIENCE_S = 60

_numbers = itertools.count(1)
# Of each server, those that nobody has.
_free: defaultdict[str, list[str]] = defaultdict(list)


@contextlib.asynccontextmanager
async def lent(mongo_uri: str) -> AsyncIterator[str]:
    """The URI of a database with every index and nothing else in it. Whatever writes there must end with the block."""
    uri = await lend(mongo_uri)
    try:
        yield uri
    finally:
        give_back(mongo_uri, uri)


async def lend(mongo_uri: str) -> str:
    """The same for those who say themselves when they no longer need it."""
    free = _free[mongo_uri]
    uri = free.pop() if free else urlsplit(mongo_uri)._replace(path=f"/lent_{next(_numbers)}").geturl()
    database = Database(connect(uri), database_name(uri))
    try:
        await database.ensure_indexes()
        # A transaction of a process that was killed holds its documents for some seconds.
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(PyMongoError):
                    await database.empty()
                    return uri
    finally:
        await database.close()


def give_back(mongo_uri: str, uri: str) -> None:
    _free[mongo_uri].append(uri)
