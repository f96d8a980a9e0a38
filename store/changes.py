"""What is written, by whichever process, in the order in which it becomes visible: to messages and notifications for the
people whom they concern, and what changes about bookings and calls for staff who look on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pymongo
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from store import messages, notifications
from store.collection import translated
from thserver.domain.errors import Unavailable
from thserver.domain.messages import Item
from thserver.domain.staff_actions import ConsoleChange

# How long the database holds a question to which there is no answer yet; and how long one may take in all.
AWAIT_MS = 1000
LONGEST_S = 10.0

# InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost.
LOST = frozenset({260, 280, 286})
MOST_REFUSALS = 10

READERS: dict[str, Callable[[dict[str, Any]], Item]] = {
    messages.NAME: messages.from_document,
    notifications.NAME: notifications.from_document,
}
PIPELINE: list[dict[str, Any]] = [
    {"$match": {"operationType": "insert", "ns.coll": {"$in": list(READERS)}}},
    {"$project": {"ns": 1, "operationType": 1, "fullDocument": 1}},
]

# What staff are told of, by the collection that it is written to.
CONSOLE_TYPES = {
    "conferences": "room",
    "calls": "room",
    "dial_outs": "room",
    "bookings": "call",
    "outbox": "text",
    "charges": "money",
    "ledger": "money",
    "staff_actions": "action",
    "webhook_endpoints": "webhook",
    "webhook_deliveries": "webhook",
}
CONSOLE_PIPELINE: list[dict[str, Any]] = [
    {
        "$match": {
            "operationType": {"$in": ["insert", "update", "replace"]},
            "ns.coll": {"$in": list(CONSOLE_TYPES)},
        }
    },
    {"$project": {"ns": 1, "operationType": 1, "documentKey": 1, "fullDocument.booking_id": 1}},
]

T = TypeVar("T")


def item_of(change: Mapping[str, Any]) -> Item | None:
    if "fullDocument" not in change:
        return None
    return READERS[change["ns"]["coll"]](change["fullDocument"])


def console_change_of(change: Mapping[str, Any]) -> ConsoleChange | None:
    name = change["ns"]["coll"]
    booking_id = (change.get("fullDocument") or {}).get("booking_id")
    if name == "bookings":
        booking_id = change["documentKey"]["_id"]
    return ConsoleChange(CONSOLE_TYPES[name], booking_id if isinstance(booking_id, int) else None)


class HistoryLost(Exception):
    """What came since the last one read cannot be had any more; the next opening begins with the present."""


class Changes(Generic[T]):
    """One change stream, which goes on where it was when it is opened again. `read` makes of each change what is
    told, or None."""

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        pipeline: Sequence[Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], T | None],
        *,
        full_document: str | None = None,
    ) -> None:
        self._database = database
        self._pipeline = pipeline
        self._read = read
        self._full_document = full_document
        self._stream: AsyncDatabaseChangeStream[dict[str, Any]] | None = None
        self._position: Any = None
        # How often in a row the database did not want to go on from there.
        self._refusals = 0

    async def open(self) -> None:
        """From here on nothing is missed. Raises HistoryLost or Unavailable."""
        try:
            with pymongo.timeout(LONGEST_S):
                self._stream = await self._database.watch(
                    self._pipeline,
                    full_document=self._full_document,
                    resume_after=self._position,
                    max_await_time_ms=AWAIT_MS,
                )
        except PyMongoError as error:
            raise self._not_opened(error) from error
        self._position = self._stream.resume_token

    async def next(self) -> T | None:
        """The next one; None when there was none within a second. Raises HistoryLost or Unavailable."""
        if self._stream is None:
            raise Unavailable
        try:
            with pymongo.timeout(LONGEST_S):
                change = await self._stream.try_next()
        except PyMongoError as error:
            raise self._broken(error) from error
        if not self._stream.alive:
            self._position = None
            raise HistoryLost
        self._position = self._stream.resume_token
        self._refusals = 0
        # An "invalidate" belongs to no collection.
        return self._read(change) if change is not None and "ns" in change else None

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                await stream.close()
            except PyMongoError:
                return  # The database forgets it by itself.

    def _not_opened(self, error: PyMongoError) -> Exception:
        """Being away passes; if the database is there and does not take the position, it never will."""
        is_away = isinstance(translated(error), Unavailable) or not isinstance(error, OperationFailure)
        if is_away or self._position is None:
            return Unavailable()
        self._position = None
        return HistoryLost()

    def _broken(self, error: PyMongoError) -> Exception:
        """What is not surely lost may still be there at the next opening."""
        if isinstance(error, OperationFailure):
            self._refusals += 1
            if error.code in LOST or self._refusals > MOST_REFUSALS:
                self._position = None
                self._refusals = 0
                return HistoryLost()
        return Unavailable()
