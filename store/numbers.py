"""Integers that are handed out once and never again: people, heroes, bookings …"""

from __future__ import annotations

from pymongo import ReturnDocument

from store.collection import Collection


class Numbers(Collection):
    name = "numbers"

    async def next(self, of: str, count: int = 1) -> int:
        """The next free number of this kind, from 1; with `count`, the first of so many in a row."""
        found = await self._collection.find_one_and_update(
            {"_id": of},
            {"$inc": {"last": count}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None
        return int(found["last"]) - count + 1
