"""Conferences as they were derived from their events, and whether they have been settled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from store.collection import Collection
from thserver.domain.bookings import Kind
from thserver.domain.conferences import Conference, Leg, LogEntry

# Of every kind; said so that the index serves.
KINDS = [kind.value for kind in Kind]


def to_document(conference: Conference) -> dict[str, Any]:
    """What is derived: without the id and without `settled`, which has a life of its own."""
    return {
        "room": conference.room,
        "booking_id": conference.booking_id,
        "kind": conference.kind,
        "people_ids": list(conference.people_ids),
        "created": conference.created,
        "started": conference.started,
        "ended": conference.ended,
        "legs": [
            {"call_sid": leg.call_sid, "person_id": leg.person_id, "joined": leg.joined, "left": leg.left}
            for leg in conference.legs
        ],
        "log": [
            {"person_id": entry.person_id, "action": entry.action, "at": entry.at} for entry in conference.log
        ],
        "complete": conference.complete,
    }


def from_document(found: dict[str, Any]) -> Conference:
    return Conference(
        sid=found["_id"],
        room=found["room"],
        booking_id=found["booking_id"],
        kind=found["kind"],
        people_ids=tuple(found["people_ids"]),
        created=found["created"],
        started=found["started"],
        ended=found["ended"],
        legs=tuple(
            Leg(each["call_sid"], each["person_id"], each["joined"], each["left"]) for each in found["legs"]
        ),
        log=tuple(LogEntry(each["person_id"], each["action"], each["at"]) for each in found["log"]),
        complete=found["complete"],
        settled=found["settled"],
    )


class Conferences(Collection):
    name = "conferences"
    indexes = (
        IndexModel([("booking_id", ASCENDING), ("created", ASCENDING)], name="of_booking"),
        IndexModel(
            [("people_ids", ASCENDING), ("kind", ASCENDING), ("created", DESCENDING)], name="of_person"
        ),
        IndexModel("ended", name="unsettled", partialFilterExpression={"complete": True, "settled": False}),
        # The numbers of the last days are read from the index alone.
        IndexModel([("created", DESCENDING), ("started", ASCENDING), ("ended", ASCENDING)], name="by_age"),
        IndexModel([("ended", DESCENDING), ("_id", ASCENDING)], name="latest_ended"),
        # Those that the sweep asks the carrier about.
        IndexModel("checked", name="open", partialFilterExpression={"complete": False}),
    )

    async def put(self, conference: Conference, *, events: int, now: datetime) -> bool:
        """Keep what was derived from that many events, unless it was derived from more already."""
        try:
            result = await self._collection.update_one(
                {"_id": conference.sid, "events": {"$lte": events}},
                {
                    "$set": {**to_document(conference), "events": events, "checked": now},
                    "$setOnInsert": {"settled": False},
                },
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id)

    async def get(self, sid: str) -> Conference | None:
        found = await self._collection.find_one({"_id": sid})
        return from_document(found) if found is not None else None

    async def known(self, sids: list[str]) -> set[str]:
        """Those of these that are here."""
        cursor = self._collection.find({"_id": {"$in": sids}}, {"_id": 1})
        return {found["_id"] async for found in cursor}

    async def of_booking(self, booking_id: int) -> list[Conference]:
        """The booking's conferences, the oldest first."""
        cursor = self._collection.find({"booking_id": booking_id}).sort([("created", 1), ("_id", 1)])
        return [from_document(found) async for found in cursor]

    async def of_person(self, person_id: int, *, skip: int, limit: int) -> tuple[int, list[Conference]]:
        """How many conferences of his bookings there were, and a page of them, the newest first."""
        query = {"people_ids": person_id, "kind": {"$in": KINDS}}
        count = await self._collection.count_documents(query)
        cursor = self._collection.find(query).sort([("created", -1), ("_id", -1)]).skip(skip).limit(limit)
        return count, [from_document(found) async for found in cursor]

    async def live(self, *, limit: int = 200) -> list[Conference]:
        """Those that have no end yet, the latest first."""
        cursor = self._collection.find({"complete": False, "ended": None}).sort("checked", -1).limit(limit)
        return sorted(
            [from_document(found) for found in await cursor.to_list()],
            key=lambda conference: (conference.created, conference.sid),
            reverse=True,
        )

    async def ended_since(self, since: datetime, *, limit: int = 50) -> list[Conference]:
        """Those that have ended since then, the last first."""
        cursor = (
            self._collection.find({"ended": {"$gte": since}}).sort([("ended", -1), ("_id", 1)]).limit(limit)
        )
        return [from_document(found) for found in await cursor.to_list()]

    async def unsettled_ended(self, limit: int = 100) -> list[Conference]:
        """Conferences that are over, told in full, and not settled: the earliest end first."""
        cursor = self._collection.find({"complete": True, "settled": False}).sort("ended").limit(limit)
        return [from_document(found) async for found in cursor]

    async def mark_settled(self, sid: str) -> bool:
        """False when somebody else has settled it."""
        result = await self._collection.update_one(
            {"_id": sid, "complete": True, "settled": False}, {"$set": {"settled": True}}
        )
        return bool(result.modified_count)

    async def unfinished(self, *, checked_before: datetime, limit: int = 200) -> list[Conference]:
        """Conferences without an end, or with gaps, of which nothing was heard since then."""
        cursor = (
            self._collection.find({"complete": False, "checked": {"$lt": checked_before}})
            .sort("checked")
            .limit(limit)
        )
        return [from_document(found) async for found in cursor]

    async def by_hour(self, since: datetime) -> list[tuple[datetime, int, int]]:
        """For each hour since then in which any began: the hour, how many, and their seconds on the line."""
        spoken = {
            "$cond": [
                {"$and": [{"$gt": ["$started", None]}, {"$gt": ["$ended", "$started"]}]},
                {"$dateDiff": {"startDate": "$started", "endDate": "$ended", "unit": "second"}},
                0,
            ]
        }
        cursor = await self._collection.aggregate(
            [
                {"$match": {"created": {"$gte": since}}},
                {"$project": {"_id": 0, "created": 1, "started": 1, "ended": 1}},
                {
                    "$group": {
                        "_id": {"$dateTrunc": {"date": "$created", "unit": "hour"}},
                        "count": {"$sum": 1},
                        "seconds": {"$sum": spoken},
                    }
                },
            ],
            hint="by_age",
        )
        return [(each["_id"], each["count"], each["seconds"]) for each in await cursor.to_list()]

    async def checked(self, sid: str, now: datetime) -> None:
        """The carrier was asked about it."""
        await self._collection.update_one({"_id": sid}, {"$set": {"checked": now}})
