"""What every collection has in common: its name, its indexes, and drivers' errors turned into our own.

Methods of a collection are questions and commands of the business; they take and give objects, never documents.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar

from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WaitQueueTimeoutError,
)

from thserver.domain.errors import AlreadyExists, Unavailable

AWAY = (ConnectionFailure, NetworkTimeout, ExecutionTimeout, WaitQueueTimeoutError)


def duplicate_field(error: DuplicateKeyError) -> str:
    """The field of the unique index that refused: `email`, `phone` …"""
    pattern = (error.details or {}).get("keyPattern") or {}
    return next(iter(pattern), "_id")


def translated(error: PyMongoError) -> Exception:
    """Our refusal for the driver's error; an error that is our own bug stays what it is."""
    if isinstance(error, DuplicateKeyError):
        return AlreadyExists(duplicate_field(error))
    if isinstance(error, AWAY) or error.timeout or error.has_error_label("RetryableWriteError"):
        return Unavailable()
    return error


def _guarded(method: Any) -> Any:
    @functools.wraps(method)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return await method(*args, **kwargs)
        except PyMongoError as error:
            raise translated(error) from error

    return guarded


class Collection:
    """Base of all collections. Public coroutine methods of subclasses never let a driver's error out."""

    name: ClassVar[str]
    indexes: ClassVar[Sequence[IndexModel]] = ()

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection: AsyncCollection[dict[str, Any]] = database[self.name]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if inspect.iscoroutinefunction(method) and not name.startswith("_"):
                setattr(cls, name, _guarded(method))

    @staticmethod
    async def _guard(operation: Awaitable[Any]) -> Any:
        """Await one operation of the driver where its refusal is needed as ours inside the same method."""
        try:
            return await operation
        except PyMongoError as error:
            raise translated(error) from error
