"""Inserts of one moment go to the database together: while one command is on its way, what comes meanwhile waits for
the next. Under load that costs a fraction of a command for each; a single insert waits for nobody.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bson.errors import InvalidDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConnectionFailure, DocumentTooLarge, WriteError, WTimeoutError

MOST_AT_ONCE = 100
DUPLICATE = 11000

Document = dict[str, Any]
_Waiting = tuple[Document, asyncio.Future[bool]]


class Together:
    """Documents must be safe to insert twice: each has an `_id` or another unique key of its own."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection
        self._waiting: list[_Waiting] = []
        self._sender: asyncio.Task[None] | None = None

    async def insert(self, document: Document) -> bool:
        """True when the document is kept, by a majority; False when its unique key is there already."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((document, done))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return await done

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                refused = await self._insert([document for document, _ in batch])
            except (InvalidDocument, DocumentTooLarge):
                # One that the database can not keep must not take the others with it.
                for one in batch:
                    await self._send_alone(one)
            except Exception as error:
                _fail(batch, error)
            else:
                _tell(batch, refused)

    async def _send_alone(self, one: _Waiting) -> None:
        try:
            _tell([one], await self._insert([one[0]]))
        except Exception as error:
            _fail([one], error)

    async def _insert(self, documents: list[Document]) -> dict[int, Document]:
        """What was refused, by its place."""
        try:
            return await self._command(documents)
        except ConnectionFailure:
            # The line was closed while nobody used it, or another server has taken over.
            return await self._command(documents)

    async def _command(self, documents: list[Document]) -> dict[int, Document]:
        """Not the driver's retryable insert: for that the database keeps a record of each, and here the unique keys
        make a second try safe."""
        reply = await self._collection.database.command(
            {
                "insert": self._collection.name,
                "documents": documents,
                "ordered": False,
                "writeConcern": self._collection.write_concern.document,
            }
        )
        if "writeConcernError" in reply:
            raise WTimeoutError("not kept by a majority", 64, reply["writeConcernError"])
        return {error["index"]: error for error in reply.get("writeErrors", ())}


def _tell(batch: list[_Waiting], refused: dict[int, Document]) -> None:
    for place, (_, done) in enumerate(batch):
        problem = refused.get(place)
        if done.done():
            continue  # Nobody waits for it any more: its request took too long.
        if problem is None:
            done.set_result(True)
        elif problem["code"] == DUPLICATE:
            done.set_result(False)
        else:
            done.set_exception(WriteError(problem["errmsg"], problem["code"], problem))


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
