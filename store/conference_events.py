"""What the carrier told about conferences: every callback once, and the facts looked up in its records."""

from __future__ import annotations

from collections.abc import Collection as Many
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from store.collection import Collection
from store.together import Inserts
from thserver.domain.conferences import Action, ConferenceEvent

# A call has a dozen events. What has more is somebody's mistake, and must not cost ever more work.
MOST_EVENTS = 2000


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """The events of one conference, and the booking in whose path the carrier sent them."""

    booking_id: int
    events: tuple[ConferenceEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Somebody left a conference; `reason` and `call_status` are the carrier's words, empty where it said none."""

    conference_sid: str
    call_sid: str
    at: datetime
    reason: str
    call_status: str


class ConferenceEvents(Collection):
    name = "conference_events"
    indexes = (
        # A repeated callback is recorded once.
        IndexModel([("conference_sid", ASCENDING), ("key", ASCENDING)], name="once", unique=True),
        IndexModel("pending", name="pending", partialFilterExpression={"pending": {"$exists": True}}),
        IndexModel("received", name="received"),
    )

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._inserts = Inserts(self._collection)

    async def add(
        self,
        conference_sid: str,
        event: ConferenceEvent,
        *,
        booking_id: int,
        now: datetime,
        raw: list[list[str]] | None = None,
    ) -> bool:
        """Keep an event until it is applied; False when it is there already. `raw` is name and value of each
        parameter as it came."""
        document: dict[str, Any] = {
            "conference_sid": conference_sid,
            "key": event.key,
            "booking_id": booking_id,
            "sequence_number": event.sequence_number,
            "name": event.name,
            "at": event.at,
            "received": now,
            "pending": now,
        }
        for name, value in (
            ("call_sid", event.call_sid),
            ("room", event.room),
            ("until", event.until),
            ("raw", raw),
        ):
            if value:
                document[name] = value
        return await self._inserts.insert(document)

    async def of_conference(self, conference_sid: str) -> StoredEvents | None:
        cursor = (
            self._collection.find({"conference_sid": conference_sid}, {"raw": 0})
            .sort("key")
            .limit(MOST_EVENTS)
        )
        found = [each async for each in cursor]
        if not found:
            return None
        # Callbacks carry the booking of whoever was first in the room, all the same one.
        booking_id = min(each["booking_id"] for each in found)
        return StoredEvents(booking_id, tuple(_event(each) for each in found))

    async def leavings(self, conference_sids: Many[str]) -> list[Leaving]:
        """Who left these conferences, with what the carrier said of it, the earliest first."""
        cursor = self._collection.find(
            {"conference_sid": {"$in": list(conference_sids)}, "name": Action.LEAVE.value},
            {"conference_sid": 1, "call_sid": 1, "at": 1, "raw": 1},
        ).limit(MOST_EVENTS)
        return sorted((_leaving(found) for found in await cursor.to_list()), key=lambda each: each.at)

    async def applied(self, conference_sid: str, keys: list[str]) -> None:
        """What follows from these has been recorded."""
        await self._collection.update_many(
            {"conference_sid": conference_sid, "key": {"$in": keys}, "pending": {"$exists": True}},
            {"$unset": {"pending": ""}},
        )

    async def left_over(self, *, before: datetime, limit: int = 500) -> list[str]:
        """Conferences with events that were received before then and not applied: a process died in between."""
        cursor = (
            self._collection.find({"pending": {"$lt": before}}, {"conference_sid": 1})
            .sort("pending")
            .limit(limit)
        )
        return list(dict.fromkeys([found["conference_sid"] async for found in cursor]))


def _leaving(found: dict[str, Any]) -> Leaving:
    said = dict(found.get("raw", ()))
    return Leaving(
        conference_sid=found["conference_sid"],
        call_sid=found.get("call_sid", ""),
        at=found["at"],
        reason=str(said.get("ReasonParticipantLeft", "")),
        call_status=str(said.get("ParticipantCallStatus", "")),
    )


def _event(found: dict[str, Any]) -> ConferenceEvent:
    return ConferenceEvent(
        key=found["key"],
        sequence_number=found["sequence_number"],
        name=found["name"],
        at=found["at"],
        call_sid=found.get("call_sid"),
        room=found.get("room", ""),
        until=found.get("until"),
    )
