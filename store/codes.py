"""Codes in texts and tokens in letters, as hashes: one document per purpose and whom it is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import IndexModel, ReturnDocument

from store.collection import Collection

FAILURES_COUNT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeptCode:
    """What is kept of a code. `failures` are the wrong guesses at it and at its predecessors."""

    sent_id: str
    expires: datetime
    spent: bool
    failures: int
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token's owner, and what it proves (an e-mail address, say)."""

    person_id: int
    about: str
    created: datetime


class Codes(Collection):
    """Documents are keyed by `purpose:…`. Expiry is judged in each query; the TTL index only cleans up, and late
    enough that wrong guesses are remembered for as long as they count."""

    name = "codes"
    indexes = (
        IndexModel("hash", name="hash", unique=True, partialFilterExpression={"hash": {"$gt": ""}}),
        IndexModel("forget_at", name="forget_at", expireAfterSeconds=0),
    )

    async def get(self, key: str) -> KeptCode | None:
        found = await self._collection.find_one({"_id": key})
        if found is None:
            return None
        return KeptCode(
            found["sent_id"], found["expires"], found["spent"], found["failures"], found.get("failed_at")
        )

    async def reserve(
        self,
        key: str,
        *,
        hash: str,
        sent_id: str,
        expires: datetime,
        now: datetime,
        guesses: int,
        replace: bool,
    ) -> None:
        """Put a new code in the place of the last one; wrong guesses younger than an hour go on counting.

        Raises AlreadyExists("_id") when the last one is still good and may not be replaced, or when its guesses
        are used up.
        """
        forgotten = now - FAILURES_COUNT_FOR
        guessable = {"$or": [{"failures": {"$lt": guesses}}, {"failed_at": {"$lte": forgotten}}]}
        over = {"$or": [{"expires": {"$lte": now}}, {"spent": True}]}
        remembered = {"$gt": [{"$ifNull": ["$failed_at", forgotten]}, forgotten]}
        await self._collection.update_one(
            {"_id": key, "$and": [guessable] if replace else [guessable, over]},
            [
                {
                    "$set": {
                        "hash": {"$literal": hash},
                        "sent_id": {"$literal": sent_id},
                        "expires": expires,
                        "spent": False,
                        "created": now,
                        "failures": {"$cond": [remembered, {"$ifNull": ["$failures", 0]}, 0]},
                        "forget_at": expires + FAILURES_COUNT_FOR,
                    }
                }
            ],
            upsert=True,
        )

    async def guess(self, key: str, hash: str, *, now: datetime, guesses: int) -> bool | None:
        """Whether this is the code, which is spent then; a wrong guess is counted in the same step.

        None when there is nothing to guess at: no code, expired, spent, or its guesses are used up.
        """
        right = {"$eq": ["$hash", {"$literal": hash}]}
        found = await self._collection.find_one_and_update(
            {"_id": key, "expires": {"$gt": now}, "spent": False, "failures": {"$lt": guesses}},
            [
                {
                    "$set": {
                        "spent": right,
                        "failures": {"$cond": [right, 0, {"$add": ["$failures", 1]}]},
                        "failed_at": {"$cond": [right, "$$REMOVE", now]},
                        "forget_at": {"$max": ["$forget_at", now + FAILURES_COUNT_FOR]},
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return bool(found["spent"]) if found is not None else None

    async def give_back(self, key: str, hash: str) -> None:
        """Make a code good again that was spent in vain."""
        await self._collection.update_one(
            {"_id": key, "hash": hash, "spent": True}, {"$set": {"spent": False}}
        )

    async def withdraw(self, key: str, sent_id: str) -> None:
        """Leave nothing of a code that could not be sent but the count of wrong guesses."""
        await self._collection.update_one(
            {"_id": key, "sent_id": sent_id}, {"$set": {"spent": True}, "$unset": {"hash": ""}}
        )

    async def put_token(
        self, key: str, *, hash: str, person_id: int, about: str, expires: datetime, now: datetime
    ) -> None:
        """Keep a token in the place of the last one."""
        await self._collection.replace_one(
            {"_id": key},
            {
                "hash": hash,
                "person_id": person_id,
                "about": about,
                "expires": expires,
                "created": now,
                "forget_at": expires,
            },
            upsert=True,
        )

    async def token(self, hash: str, *, now: datetime) -> KeptToken | None:
        return _token(await self._collection.find_one({"hash": hash, "expires": {"$gt": now}}))

    async def token_of(self, key: str, *, now: datetime) -> KeptToken | None:
        return _token(await self._collection.find_one({"_id": key, "expires": {"$gt": now}}))

    async def spend_token(self, hash: str, *, now: datetime) -> KeptToken | None:
        """The token, which is gone then: of several at once, one gets it."""
        return _token(await self._collection.find_one_and_delete({"hash": hash, "expires": {"$gt": now}}))

    async def end_token(self, key: str) -> None:
        await self._collection.delete_one({"_id": key})


def _token(found: dict[str, Any] | None) -> KeptToken | None:
    return KeptToken(found["person_id"], found["about"], found["created"]) if found is not None else None
