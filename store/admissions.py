"""The one read that answers a ring: the caller, his bookings around now, whom he meets, and their rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from store import rooms
from store.collection import Collection
from thserver.domain.admissions import CallerView, Slot
from thserver.domain.bookings import Kind, State

MOST_SLOTS = 10
DIALLED = [State.AGREED.value, State.HELD.value]

WITH_PEOPLE_AND_ROOM: list[dict[str, Any]] = [
    {
        "$lookup": {
            "from": "people",
            "localField": "people_ids",
            "foreignField": "_id",
            "pipeline": [{"$project": {"first_name": 1, "last_name": 1, "username": 1, "timezone": 1}}],
            "as": "people",
        }
    },
    {"$lookup": {"from": "rooms", "localField": "room", "foreignField": "_id", "as": "room_state"}},
    {
        "$project": {
            "kind": 1,
            "state": 1,
            "host_id": 1,
            "people_ids": 1,
            "room": 1,
            "starts": 1,
            "ends": 1,
            "people": 1,
            "room_state": 1,
        }
    },
]


def full_name(person: dict[str, Any]) -> str:
    name = f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
    return name or str(person.get("username") or "Somebody")


def slot_from(found: dict[str, Any]) -> Slot:
    return Slot(
        booking_id=found["_id"],
        kind=Kind(found["kind"]),
        state=State(found["state"]),
        host_id=found["host_id"],
        people_ids=tuple(found["people_ids"]),
        names={person["_id"]: full_name(person) for person in found["people"]},
        room=found["room"],
        starts=found["starts"],
        ends=found["ends"],
        room_state=rooms.from_document(found["room_state"][0]) if found["room_state"] else None,
    )


def view_from(person: dict[str, Any], slots: tuple[Slot, ...]) -> CallerView:
    return CallerView(
        person_id=person["_id"],
        first_name=person.get("first_name", ""),
        timezone=person.get("timezone", "UTC"),
        slots=slots,
    )


class Admissions(Collection):
    """Asks people and bookings; keeps nothing of its own."""

    name = "people"

    async def of_phone(self, phone: str, *, over_since: datetime) -> CallerView | None:
        """The person with this proven number, and his bookings but those that ended before `over_since`."""
        return await self._one([{"$match": {"phone": phone}}, *_slots({"ends": {"$gt": over_since}})])

    async def of_booking(self, person_id: int, booking_id: int) -> CallerView | None:
        """The person with this one booking, if it can be dialled into at all."""
        return await self._one([{"$match": {"_id": person_id}}, *_slots({"_id": booking_id})])

    async def of_pin(self, pin_hash: str) -> CallerView | None:
        """The person whose PIN this is, with the booking that it is for."""
        cursor = await self._bookings.aggregate(
            [
                {"$match": {"pins.hash": pin_hash, "state": {"$in": DIALLED}}},
                {"$limit": 1},
                {
                    "$set": {
                        "pin": {"$filter": {"input": "$pins", "cond": {"$eq": ["$$this.hash", pin_hash]}}}
                    }
                },
                *WITH_PEOPLE_AND_ROOM[:-1],
            ]
        )
        found = await cursor.to_list(1)
        if not found or "starts" not in found[0]:
            return None
        booking = found[0]
        person_id = booking["pin"][0]["person_id"]
        for person in booking["people"]:
            if person["_id"] == person_id:
                return view_from(person, (slot_from(booking),))
        return None

    async def slot(self, booking_id: int) -> Slot | None:
        cursor = await self._bookings.aggregate(
            [{"$match": {"_id": booking_id, "state": {"$in": DIALLED}}}, *WITH_PEOPLE_AND_ROOM]
        )
        found = await cursor.to_list(1)
        return slot_from(found[0]) if found and "starts" in found[0] else None

    async def zone_of(self, person_id: int) -> str:
        found = await self._collection.find_one({"_id": person_id}, {"timezone": 1})
        return str(found.get("timezone", "UTC")) if found else "UTC"

    async def awaits_code(self, phone: str) -> bool:
        """Whether somebody has given this number and has not confirmed it yet."""
        return await self._collection.find_one({"phone_pending": phone}, {"_id": 1}) is not None

    @property
    def _bookings(self) -> Any:
        return self._collection.database["bookings"]

    async def _one(self, pipeline: list[dict[str, Any]]) -> CallerView | None:
        cursor = await self._collection.aggregate(pipeline)
        found = await cursor.to_list(1)
        if not found:
            return None
        return view_from(found[0], tuple(slot_from(each) for each in found[0]["slots"]))


def _slots(match: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"$limit": 1},
        {"$project": {"first_name": 1, "timezone": 1}},
        {
            "$lookup": {
                "from": "bookings",
                "localField": "_id",
                "foreignField": "people_ids",
                "pipeline": [
                    {"$match": {**match, "state": {"$in": DIALLED}}},
                    {"$sort": {"ends": 1}},
                    {"$limit": MOST_SLOTS},
                    *WITH_PEOPLE_AND_ROOM,
                ],
                "as": "slots",
            }
        },
    ]
