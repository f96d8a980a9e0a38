"""Calls to people who are missing in a room: one document for each person of a booking, about the last call to him."""

from __future__ import annotations

from collections.abc import Collection as Many
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.dial_outs import DialOut, DialOutState


def _id(booking_id: int, person_id: int) -> str:
    return f"{booking_id}:{person_id}"


def from_document(found: dict[str, Any]) -> DialOut:
    return DialOut(
        booking_id=found["booking_id"],
        person_id=found["person_id"],
        number=found["number"],
        state=DialOutState(found["state"]),
        at=found["at"],
        call_sid=found.get("call_sid"),
    )


class DialOuts(Collection):
    name = "dial_outs"
    indexes = (
        IndexModel([("booking_id", ASCENDING), ("person_id", ASCENDING)], name="of_booking"),
        IndexModel("at", name="at"),
    )

    async def begin(
        self, booking_id: int, person_id: int, *, now: datetime, forgotten_before: datetime
    ) -> DialOut:
        """The next call, about to be made. Raises AlreadyExists while one is under way that began since then."""
        found = await self._collection.find_one_and_update(
            {
                "_id": _id(booking_id, person_id),
                "$or": [
                    {"state": {"$ne": DialOutState.CALLING.value}},
                    {"at": {"$lt": forgotten_before}},
                ],
            },
            {
                "$set": {
                    "booking_id": booking_id,
                    "person_id": person_id,
                    "state": DialOutState.CALLING.value,
                    "at": now,
                },
                "$unset": {"call_sid": ""},
                "$inc": {"number": 1},
            },
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None
        return from_document(found)

    async def change(
        self,
        booking_id: int,
        person_id: int,
        number: int,
        state: DialOutState,
        *,
        only_from: Many[DialOutState],
        call_sid: str | None = None,
    ) -> bool:
        """What has become of this call; False when it is another one's turn, or more is known already."""
        result = await self._collection.update_one(
            {
                "_id": _id(booking_id, person_id),
                "number": number,
                "state": {"$in": [each.value for each in only_from]},
            },
            {"$set": {"state": state.value, **({"call_sid": call_sid} if call_sid else {})}},
        )
        return bool(result.matched_count)

    async def of_bookings(self, booking_ids: Many[int]) -> list[DialOut]:
        cursor = self._collection.find({"booking_id": {"$in": list(booking_ids)}})
        return [from_document(found) for found in await cursor.to_list()]
