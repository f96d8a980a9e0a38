"""Rooms: one document for each host's room says whose conference may be in it. The `_id` is the room's name.

Of two bookings that want one room at once, the unique `_id` and one conditional update let exactly one in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from store.collection import Collection
from thserver.domain.admissions import LiveConference, RoomState, Stay


def from_document(found: dict[str, Any]) -> RoomState:
    live = found.get("live")
    return RoomState(
        booking_id=found["booking_id"],
        until=found["until"],
        released=found.get("released", False),
        live=None
        if live is None
        else LiveConference(
            sid=live["sid"],
            booking_id=live["booking_id"],
            created=live["created"],
            present=tuple(Stay(each["person_id"], each["call_sid"]) for each in live["present"]),
        ),
    )


class Rooms(Collection):
    name = "rooms"

    async def get(self, room: str) -> RoomState | None:
        found = await self._collection.find_one({"_id": room})
        return from_document(found) if found is not None else None

    async def claim(self, room: str, booking_id: int, *, now: datetime, until: datetime) -> bool:
        """Take the room for this booking until then at least. False while it is another one's."""
        try:
            await self._collection.update_one(
                {"_id": room, "$or": [{"booking_id": booking_id}, {"until": {"$lte": now}}]},
                {"$set": {"booking_id": booking_id, "released": False}, "$max": {"until": until}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    async def keep(self, room: str, *, booking_id: int, until: datetime) -> None:
        """Leave the room to this booking for longer, if it still is its."""
        await self._collection.update_one({"_id": room, "booking_id": booking_id}, {"$max": {"until": until}})

    async def set_live(
        self, room: str, live: LiveConference, *, events: int, now: datetime, until: datetime
    ) -> bool:
        """Say who is in the room, as derived from that many events. False when the room is another booking's, or
        more is known already."""
        document = {
            "sid": live.sid,
            "booking_id": live.booking_id,
            "created": live.created,
            "events": events,
            "present": [{"person_id": stay.person_id, "call_sid": stay.call_sid} for stay in live.present],
        }
        try:
            await self._collection.update_one(
                {
                    "_id": room,
                    "$and": [
                        {"$or": [{"booking_id": live.booking_id}, {"until": {"$lte": now}}]},
                        {
                            "$or": [
                                {"live": None},
                                {"live.sid": live.sid, "live.events": {"$lte": events}},
                                {"live.sid": {"$ne": live.sid}, "live.created": {"$lte": live.created}},
                            ]
                        },
                    ],
                },
                {
                    "$set": {"booking_id": live.booking_id, "live": document, "released": False},
                    "$max": {"until": until},
                },
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    async def release(self, room: str, *, booking_id: int, conference_sid: str, until: datetime) -> bool:
        """The booking's conference is over: the room is free from then on."""
        result = await self._collection.update_one(
            {
                "_id": room,
                "booking_id": booking_id,
                "released": {"$ne": True},
                "$or": [{"live": None}, {"live.sid": conference_sid}],
            },
            {"$set": {"until": until, "released": True}, "$unset": {"live": ""}},
        )
        return bool(result.matched_count)
