"""Who may do a job now: a lease that runs out, with a fencing token that grows each time it is taken."""

from __future__ import annotations

from datetime import UTC, datetime

from pymongo import ReturnDocument

from store.collection import Collection
from thserver.domain.errors import AlreadyExists

# Past by any clock.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Leases(Collection):
    name = "leases"

    async def take(self, name: str, *, now: datetime, until: datetime, holder: str = "") -> int | None:
        """The fencing token, when nobody holds the lease any more; None while somebody does.

        Nobody can hold it for longer than from now till then: an end far beyond that was set by a clock that went ahead.
        """
        try:
            found = await self._guard(
                self._collection.find_one_and_update(
                    {
                        "_id": name,
                        "$or": [{"until": {"$lte": now}}, {"until": {"$gt": until + (until - now)}}],
                    },
                    {"$set": {"until": until, "holder": holder}, "$inc": {"fence": 1}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            )
        except AlreadyExists:
            return None
        return int(found["fence"])

    async def holders(self, now: datetime) -> dict[str, str]:
        """By name, who holds which lease now. There are only as many leases as there are jobs."""
        found = await self._collection.find({"_id": {"$gt": ""}}).to_list()
        return {each["_id"]: each.get("holder", "") for each in found if each["until"] > now}

    async def extend(self, name: str, fence: int, *, until: datetime) -> bool:
        """False when somebody else has taken it in the meantime: the holder must stop."""
        result = await self._collection.update_one({"_id": name, "fence": fence}, {"$set": {"until": until}})
        return bool(result.matched_count)

    async def release(self, name: str, fence: int) -> None:
        """Give it back, if it is still ours."""
        await self._collection.update_one({"_id": name, "fence": fence}, {"$set": {"until": LONG_AGO}})
