"""The part of people that counts how often they have cancelled: bookings by their ids, each counted once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store.collection import Collection


class CountedCancellations(Collection):
    async def reserve_cancellation(
        self, person_id: int, booking_id: int, *, allowed: int, now: datetime
    ) -> bool:
        """Count this booking among the person's cancellations unless they are used up; counting it twice is once."""
        if allowed > 0:
            counted = await self._collection.update_one(
                {
                    "_id": person_id,
                    "cancellations.booking_id": {"$ne": booking_id},
                    f"cancellations.{allowed - 1}": {"$exists": False},
                },
                {"$push": {"cancellations": {"booking_id": booking_id, "at": now}}},
            )
            if counted.matched_count:
                return True
        again = await self._collection.update_one(
            {"_id": person_id, "cancellations.booking_id": booking_id},
            {"$set": {"cancellations.$.at": now}},
        )
        return bool(again.matched_count)

    async def counted_cancellations(self, person_id: int, *, before: datetime) -> set[int]:
        """The bookings whose cancellation was counted before then."""
        found = await self._collection.find_one({"_id": person_id}, {"cancellations": 1}) or {}
        return {each["booking_id"] for each in found.get("cancellations", ()) if each["at"] < before}

    async def release_cancellations(self, person_id: int, booking_ids: Iterable[int]) -> None:
        """Count these no longer: they were not cancelled after all."""
        await self._collection.update_one(
            {"_id": person_id}, {"$pull": {"cancellations": {"booking_id": {"$in": list(booking_ids)}}}}
        )
