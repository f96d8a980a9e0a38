"""Whom a person has blocked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from store.collection import Collection


class Blacklist(Collection):
    """One document for each pair: `owner_id` has blocked `person_id`."""

    name = "blacklist"
    indexes = (
        IndexModel([("owner_id", ASCENDING), ("person_id", ASCENDING)], name="owner_person", unique=True),
        IndexModel([("person_id", ASCENDING), ("owner_id", ASCENDING)], name="person_owner"),
    )

    async def put(self, owner_id: int, person_id: int, *, now: datetime) -> None:
        """Blocking somebody twice is once."""
        await self._collection.update_one(
            {"owner_id": owner_id, "person_id": person_id}, {"$setOnInsert": {"created": now}}, upsert=True
        )

    async def remove(self, owner_id: int, person_id: int) -> None:
        await self._collection.delete_one({"owner_id": owner_id, "person_id": person_id})

    async def of(self, owner_id: int) -> list[int]:
        """The people whom this person has blocked, by their ids."""
        cursor = self._collection.find({"owner_id": owner_id}, {"_id": 0, "person_id": 1}).sort("person_id")
        return [found["person_id"] for found in await cursor.to_list()]

    async def count(self, owner_id: int) -> int:
        return int(await self._collection.count_documents({"owner_id": owner_id}))

    async def blockers(self, person_id: int, among: Iterable[int]) -> set[int]:
        """Those of these people who have blocked this person."""
        cursor = self._collection.find(
            {"person_id": person_id, "owner_id": {"$in": list(among)}}, {"_id": 0, "owner_id": 1}
        )
        return {found["owner_id"] for found in await cursor.to_list()}

    async def forget(self, person_id: int) -> None:
        """Take away what this person has blocked and who has blocked him."""
        await self._collection.delete_many({"owner_id": person_id})
        await self._collection.delete_many({"person_id": person_id})
