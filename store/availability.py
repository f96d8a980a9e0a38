"""Availability: one document for each mentor with all his windows, so that one conditional update decides whatever
two requests could fight over: publishing an overlap, and taking back what is just being booked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import IndexModel

from store.collection import Collection
from thserver.domain.availability import TooManyWindows, Window, WindowsOverlap
from thserver.domain.errors import AlreadyExists, Unavailable

FIRST_TIMES = 5


class Claim(NamedTuple):
    """Somebody is booking, or has booked, in this window. `id` is in the booking's details."""

    id: str
    at: datetime


class Availability(Collection):
    name = "availability"
    indexes = (
        IndexModel(
            "windows.id", name="window", unique=True, partialFilterExpression={"windows.id": {"$gt": 0}}
        ),
        IndexModel("windows.ends", name="ends"),
    )

    async def add(self, person_id: int, windows: Sequence[Window], *, most: int) -> None:
        """Publish adjacent windows of one mentor together or not at all. Raises WindowsOverlap or TooManyWindows."""
        starts, ends = windows[0].starts, windows[-1].ends
        overlapping = {"$elemMatch": {"starts": {"$lt": ends}, "ends": {"$gt": starts}}}
        documents = [
            {"id": each.id, "starts": each.starts, "ends": each.ends, "claims": []} for each in windows
        ]
        for _ in range(FIRST_TIMES):
            try:
                await self._upsert(
                    {
                        "_id": person_id,
                        "windows": {"$not": overlapping},
                        f"windows.{most - len(windows)}": {"$exists": False},
                    },
                    {"$push": {"windows": {"$each": documents, "$sort": {"starts": 1}}}},
                )
            except AlreadyExists:
                # The mentor's document is there and does not match, or two made his first at once.
                query = {"_id": person_id, "windows": overlapping}
                if await self._collection.find_one(query, {"_id": 1}) is not None:
                    raise WindowsOverlap from None
                query = {"_id": person_id, f"windows.{most - len(windows)}": {"$exists": True}}
                if await self._collection.find_one(query, {"_id": 1}) is not None:
                    raise TooManyWindows from None
            else:
                return
        raise Unavailable

    async def forget_past(self, person_id: int, *, before: datetime) -> None:
        """Drop what ended before then; sessions keep their own times."""
        await self._collection.update_one(
            {"_id": person_id, "windows.ends": {"$lt": before}},
            {"$pull": {"windows": {"ends": {"$lt": before}}}},
        )

    async def of_people(self, person_ids: Iterable[int], *, after: datetime) -> dict[int, list[Window]]:
        """By the mentor's id, his windows that end after then, the earliest first."""
        return await self._windows({"_id": {"$in": list(person_ids)}}, after)

    async def of_everybody(self, *, after: datetime) -> dict[int, list[Window]]:
        return await self._windows({"windows.ends": {"$gt": after}}, after)

    async def with_window(self, window_id: int) -> tuple[int, list[Window], list[Claim]] | None:
        """Whose window this is, all the windows of that mentor, and the claims on this one."""
        found = await self._collection.find_one({"windows.id": window_id})
        if found is None:
            return None
        claims = [
            Claim(each["id"], each["at"])
            for window in found["windows"]
            if window["id"] == window_id
            for each in window["claims"]
        ]
        return found["_id"], _windows(found), claims

    async def claim(self, person_id: int, window_ids: Sequence[int], claim: Claim) -> bool:
        """Keep these windows from being taken back. False when one of them is gone already."""
        result = await self._collection.update_one(
            {"_id": person_id, "windows.id": {"$all": list(window_ids)}},
            {"$push": {"windows.$[each].claims": claim._asdict()}},
            array_filters=[{"each.id": {"$in": list(window_ids)}}],
        )
        return bool(result.matched_count)

    async def release(self, person_id: int, claim_id: str) -> None:
        await self._collection.update_one(
            {"_id": person_id, "windows.claims.id": claim_id},
            {"$pull": {"windows.$[].claims": {"id": claim_id}}},
        )

    async def remove(self, person_id: int, window_id: int, *, void: Iterable[str]) -> bool:
        """Take a window back unless it has a claim other than these, of which nothing came or nothing is left."""
        standing = {"$elemMatch": {"id": {"$nin": list(void)}}}
        result = await self._collection.update_one(
            {"_id": person_id, "windows": {"$elemMatch": {"id": window_id, "claims": {"$not": standing}}}},
            {"$pull": {"windows": {"id": window_id}}},
        )
        return bool(result.matched_count)

    async def _windows(self, query: dict[str, Any], after: datetime) -> dict[int, list[Window]]:
        current = {"$filter": {"input": "$windows", "cond": {"$gt": ["$$this.ends", after]}}}
        shown = {"id": "$$this.id", "starts": "$$this.starts", "ends": "$$this.ends"}
        cursor = self._collection.find(query, {"windows": {"$map": {"input": current, "in": shown}}})
        return {found["_id"]: _windows(found) for found in await cursor.to_list()}

    async def _upsert(self, query: dict[str, Any], update: dict[str, Any]) -> None:
        await self._guard(self._collection.update_one(query, update, upsert=True))


def _windows(found: dict[str, Any]) -> list[Window]:
    person_id = found["_id"]
    return [Window(each["id"], person_id, each["starts"], each["ends"]) for each in found["windows"]]
