"""What is asked or written at one moment goes to the database together: while one command is on its way, what comes
meanwhile waits for the next. Under load that costs a fraction of a command for each; a single one waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from bson.errors import InvalidDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConnectionFailure, DocumentTooLarge, WriteError, WTimeoutError

MOST_AT_ONCE = 100
DUPLICATE = 11000

Document = dict[str, Any]
Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """`work` takes so many questions at once and gives an answer to each, in their order. An answer that is an
    exception is raised where its question was asked; what `work` itself raises is raised to all of them."""

    def __init__(
        self, work: Callable[[list[Question]], Awaitable[Sequence[Answer | Exception]]], *, most: int
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, done))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return await done

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            answers: Sequence[Answer | Exception]
            try:
                answers = await self._work([question for question, _ in batch])
            except Exception as error:
                answers = [error] * len(batch)
            for (_, done), answer in zip(batch, answers, strict=True):
                if done.done():
                    continue  # Nobody waits for it any more: its request took too long.
                if isinstance(answer, Exception):
                    done.set_exception(answer)
                else:
                    done.set_result(answer)


class Inserts:
    """Documents must be safe to insert twice: each has an `_id` or another unique key of its own."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection
        self._together = Together(self._insert_all, most=MOST_AT_ONCE)

    async def insert(self, document: Document) -> bool:
        """True when the document is kept, by a majority; False when its unique key is there already."""
        return await self._together.ask(document)

    async def _insert_all(self, documents: list[Document]) -> Sequence[bool | Exception]:
        try:
            return await self._insert(documents)
        except (InvalidDocument, DocumentTooLarge):
            # One that the database can not keep must not take the others with it.
            return [await self._insert_alone(document) for document in documents]

    async def _insert_alone(self, document: Document) -> bool | Exception:
        try:
            [answer] = await self._insert([document])
        except Exception as error:
            return error
        return answer

    async def _insert(self, documents: list[Document]) -> Sequence[bool | Exception]:
        try:
            return await self._command(documents)
        except ConnectionFailure:
            # The line was closed while nobody used it, or another server has taken over.
            return await self._command(documents)

    async def _command(self, documents: list[Document]) -> Sequence[bool | Exception]:
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
        answers: list[bool | Exception] = [True] * len(documents)
        for problem in reply.get("writeErrors", ()):
            is_there = problem["code"] == DUPLICATE
            answers[problem["index"]] = (
                False if is_there else WriteError(problem["errmsg"], problem["code"], problem)
            )
        return answers
