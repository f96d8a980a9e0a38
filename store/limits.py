"""Counters that guard codes and sign-in: how often something was tried within a window of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo import IndexModel, ReturnDocument

from store.collection import Collection


class Limits(Collection):
    name = "limits"
    indexes = (IndexModel("expires", expireAfterSeconds=0),)

    async def count(self, what: str, *, window: timedelta, now: datetime, by: int = 1) -> int:
        """Count one more try (or several) and say how many there are within this window, this one among them.
        Windows are aligned to the clock."""
        length = int(window.total_seconds())
        start = int(now.timestamp()) // length * length
        found = await self._collection.find_one_and_update(
            {"_id": f"{what}@{start}"},
            {
                "$inc": {"count": by},
                "$setOnInsert": {"expires": datetime.fromtimestamp(start + 2 * length, UTC)},
            },
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None
        return int(found["count"])

    async def used(self, what: str, *, window: timedelta, now: datetime) -> int:
        """How often it was counted within this window, without counting."""
        length = int(window.total_seconds())
        start = int(now.timestamp()) // length * length
        found = await self._collection.find_one({"_id": f"{what}@{start}"})
        return int(found["count"]) if found else 0

    async def forgive(self, what: str, *, window: timedelta, now: datetime) -> None:
        """Take one count back: the try was no failure after all."""
        length = int(window.total_seconds())
        start = int(now.timestamp()) // length * length
        await self._collection.update_one(
            {"_id": f"{what}@{start}", "count": {"$gt": 0}}, {"$inc": {"count": -1}}
        )
