"""Calendar feeds: who has one, since when, and the hash of the token in its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import IndexModel

from store.collection import Collection


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    person_id: int
    created: datetime


class CalendarFeeds(Collection):
    """A person has one feed at most: its document bears his number."""

    name = "calendar_feeds"
    indexes = (IndexModel("token_hash", name="token_hash", unique=True),)

    async def give(self, person_id: int, token_hash: str, *, now: datetime) -> CalendarFeed:
        """The feed is read under this token from now on, and under no earlier one."""
        await self._collection.replace_one(
            {"_id": person_id}, {"token_hash": token_hash, "created": now}, upsert=True
        )
        return CalendarFeed(person_id, now)

    async def of(self, person_id: int) -> CalendarFeed | None:
        return _feed(await self._collection.find_one({"_id": person_id}))

    async def with_token(self, token_hash: str) -> CalendarFeed | None:
        return _feed(await self._collection.find_one({"token_hash": token_hash}))

    async def revoke(self, person_id: int) -> bool:
        """Whether there was one."""
        result = await self._collection.delete_one({"_id": person_id})
        return bool(result.deleted_count)


def _feed(found: dict[str, Any] | None) -> CalendarFeed | None:
    return CalendarFeed(found["_id"], found["created"]) if found is not None else None
