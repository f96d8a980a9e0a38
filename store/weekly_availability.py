"""On which days of the week, from when to when, people can be met."""

from __future__ import annotations

from datetime import time
from typing import Any

from pymongo import ASCENDING, IndexModel

from store.collection import Collection
from thserver.domain.weekly_availability import WeeklyWindow


def from_document(found: dict[str, Any]) -> WeeklyWindow:
    return WeeklyWindow(
        found["_id"],
        found["person_id"],
        found["day"],
        time.fromisoformat(found["starts"]),
        time.fromisoformat(found["ends"]),
    )


def to_document(window: WeeklyWindow) -> dict[str, Any]:
    return {
        "_id": window.id,
        "person_id": window.person_id,
        "day": window.day,
        "weekday": window.weekday,
        "starts": window.starts.isoformat(),
        "ends": window.ends.isoformat(),
    }


class WeeklyAvailability(Collection):
    name = "weekly_availability"
    indexes = (
        IndexModel(
            [
                ("person_id", ASCENDING),
                ("weekday", ASCENDING),
                ("starts", ASCENDING),
                ("ends", ASCENDING),
            ],
            name="window",
            unique=True,
        ),
    )

    async def add(self, window: WeeklyWindow) -> None:
        """Raises AlreadyExists when the same is stated already."""
        await self._collection.insert_one(to_document(window))

    async def of_person(self, person_id: int) -> list[WeeklyWindow]:
        """In the order in which they were stated."""
        cursor = self._collection.find({"person_id": person_id})
        return sorted((from_document(found) for found in await cursor.to_list()), key=lambda each: each.id)
