"""What the last count of money and of credits came to: one document each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from store.collection import Collection

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RecountResult:
    """`differences` are the first of them, `count` is how many there were."""

    what: str
    at: datetime
    count: int
    differences: tuple[str, ...]


class Recounts(Collection):
    name = "recounts"

    async def keep(self, what: str, differences: list[str], *, at: datetime) -> None:
        """Unless a later count is there."""
        try:
            await self._collection.update_one(
                {"_id": what, "at": {"$lte": at}},
                {"$set": {"at": at, "count": len(differences), "differences": differences[:MOST_SHOWN]}},
                upsert=True,
            )
        except DuplicateKeyError:
            return

    async def all(self) -> dict[str, RecountResult]:
        found = await self._collection.find({"_id": {"$gt": ""}}).to_list()
        return {
            each["_id"]: RecountResult(each["_id"], each["at"], each["count"], tuple(each["differences"]))
            for each in found
        }
