"""Availability: one document for each mentor with all his windows, so that one conditional update decides whatever
two requests could fight over: publishing an overlap, and taking back what is just being booked.

Moments are kept here as seconds since the epoch: lists of thousands of windows are read at every look, and the
driver takes far longer over dates than over numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import repeat
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
        starts, ends = seconds(windows[0].starts), seconds(windows[-1].ends)
        overlapping = {"$elemMatch": {"starts": {"$lt": ends}, "ends": {"$gt": starts}}}
        documents = [
            {"id": each.id, "starts": seconds(each.starts), "ends": seconds(each.ends)} for each in windows
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
            {"_id": person_id, "windows.ends": {"$lt": seconds(before)}},
            {"$pull": {"windows": {"ends": {"$lt": seconds(before)}}, "claims": {"until": {"$lt": before}}}},
        )

    async def of_people(self, person_ids: Iterable[int], *, after: datetime) -> dict[int, list[Window]]:
        """By the mentor's id, his windows that end after then, the earliest first."""
        current = {"$filter": {"input": "$windows", "cond": {"$gt": ["$$this.ends", seconds(after)]}}}
        # Three lists of numbers come over the wire and through the driver in half the time of a list of windows.
        cursor = await self._collection.aggregate(
            [
                {"$match": {"_id": {"$in": list(person_ids)}}},
                {"$set": {"windows": current}},
                {"$project": {"id": "$windows.id", "starts": "$windows.starts", "ends": "$windows.ends"}},
            ]
        )
        return {
            found["_id"]: _windows(found["_id"], found["id"], found["starts"], found["ends"])
            for found in await cursor.to_list()
        }

    async def of_everybody(self, *, after: datetime, skip: int, limit: int) -> list[Window]:
        """Everybody's windows that end after then, the earliest first."""
        current = {"windows.ends": {"$gt": seconds(after)}}
        cursor = await self._collection.aggregate(
            [
                {"$match": current},
                {"$project": {"windows": 1}},
                {"$unwind": "$windows"},
                {"$match": current},
                {"$sort": {"windows.starts": 1, "windows.id": 1}},
                {"$skip": skip},
                {"$limit": limit},
            ]
        )
        return [
            Window(each["id"], found["_id"], moment(each["starts"]), moment(each["ends"]))
            for found in await cursor.to_list()
            for each in (found["windows"],)
        ]

    async def with_window(self, window_id: int) -> tuple[int, list[Window], list[Claim]] | None:
        """Whose window this is, all the windows of that mentor, and the claims on this one."""
        found = await self._collection.find_one({"windows.id": window_id})
        if found is None:
            return None
        claims = [
            Claim(each["id"], each["at"]) for each in found.get("claims", ()) if window_id in each["windows"]
        ]
        ids, starts, ends = (
            [window[name] for window in found["windows"]] for name in ("id", "starts", "ends")
        )
        return found["_id"], _windows(found["_id"], ids, starts, ends), claims

    async def claim(self, windows: Sequence[Window], claim: Claim) -> bool:
        """Keep these windows of one mentor from being taken back. False when one of them is gone already."""
        ids = [window.id for window in windows]
        kept = {**claim._asdict(), "windows": ids, "until": windows[-1].ends}
        result = await self._collection.update_one(
            {"_id": windows[0].person_id, "windows.id": {"$all": ids}}, {"$push": {"claims": kept}}
        )
        return bool(result.matched_count)

    async def release(self, person_id: int, claim_id: str) -> None:
        await self._collection.update_one({"_id": person_id}, {"$pull": {"claims": {"id": claim_id}}})

    async def remove(self, person_id: int, window_id: int, *, void: Iterable[str]) -> bool:
        """Take a window back unless it has a claim other than these, of which nothing came or nothing is left."""
        standing = {"$elemMatch": {"windows": window_id, "id": {"$nin": list(void)}}}
        result = await self._collection.update_one(
            {"_id": person_id, "windows.id": window_id, "claims": {"$not": standing}},
            {"$pull": {"windows": {"id": window_id}}},
        )
        return bool(result.matched_count)

    async def forget(self, person_id: int) -> None:
        await self._collection.delete_one({"_id": person_id})

    async def _upsert(self, query: dict[str, Any], update: dict[str, Any]) -> None:
        await self._guard(self._collection.update_one(query, update, upsert=True))


def _windows(person_id: int, ids: Iterable[int], starts: Iterable[int], ends: Iterable[int]) -> list[Window]:
    return list(map(Window, ids, repeat(person_id), map(moment, starts), map(moment, ends)))


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


@lru_cache(maxsize=1 << 16)
def moment(seconds: int) -> datetime:
    """The same slots come again and again, at every look and with every mentor."""
    return datetime.fromtimestamp(seconds, UTC)
