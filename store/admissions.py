"""The one read that answers a ring: the caller, his bookings around now, whom he meets, and their rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure

from store import rooms
from store.collection import Collection
from store.together import Together
from thserver.domain.admissions import CallerView, Slot
from thserver.domain.bookings import Kind, State

# So many rings are answered from one read.
MOST_RINGS = 16
MOST_SLOTS = 10
NEXT_SLOTS = 3
DIALLED = [State.AGREED.value, State.HELD.value]

SLOT = dict.fromkeys(("kind", "state", "host_id", "people_ids", "room", "starts", "ends"), 1)
NAMES = ("first_name", "last_name", "username")

# A number that rings, and between which moments it matters what is booked: see `Admissions.of_phone`.
Ring = tuple[str, datetime, datetime]


def with_people_and_rooms(prefix: str = "") -> list[dict[str, Any]]:
    """Stages that add everybody's names and the rooms' states beside the bookings. One lookup for all of them: one
    inside the other would cost the database twice as much."""
    return [
        {
            "$lookup": {
                "from": "people",
                "localField": f"{prefix}people_ids",
                "foreignField": "_id",
                "pipeline": [{"$project": {**dict.fromkeys(NAMES, 1), "timezone": 1}}],
                "as": "people",
            }
        },
        {"$lookup": {"from": "rooms", "localField": f"{prefix}room", "foreignField": "_id", "as": "rooms"}},
    ]


def full_name(person: dict[str, Any]) -> str:
    name = f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
    return name or str(person.get("username") or "Somebody")


def slots_from(bookings: list[dict[str, Any]], found: dict[str, Any]) -> tuple[Slot, ...]:
    """The bookings as slots; `found` has the names and rooms of all of them."""
    names = {person["_id"]: full_name(person) for person in found["people"]}
    states = {room["_id"]: rooms.from_document(room) for room in found["rooms"]}
    return tuple(
        Slot(
            booking_id=booking["_id"],
            kind=Kind(booking["kind"]),
            state=State(booking["state"]),
            host_id=booking["host_id"],
            people_ids=tuple(booking["people_ids"]),
            names=names,
            room=booking["room"],
            starts=booking["starts"],
            ends=booking["ends"],
            room_state=states.get(booking["room"]),
        )
        for booking in bookings
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

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._rings: Together[Ring, CallerView | None] = Together(self._of_phones, most=MOST_RINGS)

    async def of_phone(self, phone: str, *, over_since: datetime, on_before: datetime) -> CallerView | None:
        """The person with this proven number and his bookings that are on: those that end after `over_since` and
        start until `on_before`; where there is none, the next ones.

        For phones that ring at one moment, the earliest `over_since` and the latest `on_before` are for all.
        """
        return await self._rings.ask((phone, over_since, on_before))

    async def _of_phones(self, rings: list[Ring]) -> list[CallerView | None]:
        phones = {phone for phone, _, _ in rings}
        over_since = min(since for _, since, _ in rings)
        on_before = max(before for _, _, before in rings)
        found = await self._people({"phone": {"$in": list(phones)}}, {"ends": {"$gt": over_since}}, on_before)
        views = {person["phone"]: view_from(person, slots_from(person["slots"], person)) for person in found}
        return [views.get(phone) for phone, _, _ in rings]

    async def of_booking(self, person_id: int, booking_id: int) -> CallerView | None:
        """The person with this one booking, if it can be dialled into at all."""
        return await self._one({"_id": person_id}, {"_id": booking_id})

    async def of_pin(self, pin_hash: str) -> CallerView | None:
        """The person whose PIN this is, with the booking that it is for."""
        booking = await self._booking({"pins.hash": pin_hash}, SLOT | {"pins": 1})
        if booking is None:
            return None
        (person_id,) = (pin["person_id"] for pin in booking["pins"] if pin["hash"] == pin_hash)
        for person in booking["people"]:
            if person["_id"] == person_id:
                return view_from(person, slots_from([booking], booking))
        return None

    async def slot(self, booking_id: int) -> Slot | None:
        """One booking, if it can be dialled into at all."""
        booking = await self._booking({"_id": booking_id}, SLOT)
        return slots_from([booking], booking)[0] if booking is not None else None

    async def awaits_code(self, phone: str) -> bool:
        """Whether somebody has given this number and has not confirmed it yet."""
        return await self._collection.find_one({"phone_pending": phone}, {"_id": 1}) is not None

    async def _booking(self, match: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any] | None:
        cursor = await self._collection.database["bookings"].aggregate(
            [
                {"$match": {**match, "state": {"$in": DIALLED}}},
                {"$limit": 1},
                {"$project": fields},
                *with_people_and_rooms(),
            ]
        )
        found = await cursor.to_list(1)
        return found[0] if found and found[0].get("starts") else None

    async def _one(self, person: dict[str, Any], bookings: dict[str, Any]) -> CallerView | None:
        found = await self._people(person, bookings, None)
        return view_from(found[0], slots_from(found[0]["slots"], found[0])) if found else None

    async def _people(
        self, people: dict[str, Any], bookings: dict[str, Any], on_before: datetime | None
    ) -> list[dict[str, Any]]:
        command = {
            "aggregate": self.name,
            "pipeline": [{"$match": people}, *_slots(bookings, on_before)],
            "cursor": {},
        }
        try:
            return await self._run(command)
        except ConnectionFailure:
            # The line to the database was closed while nobody used it, or another server has taken over.
            return await self._run(command)

    async def _run(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        """At most one batch. A cursor would take half as long again."""
        reply = await self._collection.database.command(command, codec_options=self._collection.codec_options)
        batch: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
        return batch


def _slots(match: dict[str, Any], on_before: datetime | None) -> list[dict[str, Any]]:
    on = {"$filter": {"input": "$slots", "cond": {"$lte": ["$$this.starts", on_before]}}}
    on_or_next = {
        "$let": {
            "vars": {"on": on},
            "in": {"$cond": [{"$eq": ["$$on", []]}, {"$slice": ["$slots", NEXT_SLOTS]}, "$$on"]},
        }
    }
    return [
        {"$limit": MOST_RINGS},
        {"$project": {"first_name": 1, "timezone": 1, "phone": 1}},
        {
            "$lookup": {
                "from": "bookings",
                "localField": "_id",
                "foreignField": "people_ids",
                "pipeline": [
                    {"$match": {**match, "state": {"$in": DIALLED}}},
                    {"$sort": {"ends": 1}},
                    {"$limit": MOST_SLOTS},
                    {"$project": SLOT},
                ],
                "as": "slots",
            }
        },
        *([{"$set": {"slots": on_or_next}}] if on_before is not None else []),
        *with_people_and_rooms("slots."),
    ]
