"""What webhooks tell: each event once, kept until everybody who wants it has a delivery, and for replays."""

from __future__ import annotations

from collections.abc import Collection as Many
from dataclasses import fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from store.collection import Collection
from thserver.domain.webhook_events import Event

COLUMNS = tuple(column.name for column in fields(Event) if column.name != "id")


def to_document(event: Event) -> dict[str, Any]:
    values = {column: getattr(event, column) for column in COLUMNS}
    document = {"_id": event.id, **{name: value for name, value in values.items() if value is not None}}
    # Gone as soon as there is a delivery for everybody who wants it.
    document["pending"] = event.created
    return document


def from_document(found: dict[str, Any]) -> Event:
    values: dict[str, Any] = {column: found[column] for column in COLUMNS if column in found}
    values.setdefault("booking_id", None)
    return Event(id=found["_id"], **values)


class WebhookEvents(Collection):
    name = "webhook_events"
    indexes = (
        # Two processes never give two events of a booking one number.
        IndexModel(
            [("booking_id", ASCENDING), ("sequence", DESCENDING)],
            name="sequence",
            unique=True,
            partialFilterExpression={"booking_id": {"$gt": 0}},
        ),
        IndexModel("subject", name="subject"),
        IndexModel([("created", ASCENDING), ("_id", ASCENDING)], name="created"),
        IndexModel("pending", name="pending", partialFilterExpression={"pending": {"$exists": True}}),
    )

    async def add(self, event: Event) -> None:
        """Raises AlreadyExists("_id") for an event that is there, AlreadyExists("booking_id") for a taken number."""
        await self._collection.insert_one(to_document(event))

    async def get(self, event_id: str) -> Event | None:
        found = await self._collection.find_one({"_id": event_id})
        return from_document(found) if found is not None else None

    async def many(self, ids: Many[str]) -> dict[str, Event]:
        cursor = self._collection.find({"_id": {"$in": list(ids)}})
        return {found["_id"]: from_document(found) async for found in cursor}

    async def last_sequence(self, booking_id: int) -> int:
        cursor = (
            self._collection.find({"booking_id": booking_id}, {"sequence": 1}).sort("sequence", -1).limit(1)
        )
        found = await cursor.to_list()
        return int(found[0]["sequence"]) if found else 0

    async def settled_keys(self, subject: str) -> set[str]:
        """Keys of this subject's events that everybody has a delivery of."""
        cursor = self._collection.find({"subject": subject, "pending": {"$exists": False}}, {"key": 1})
        return {found["key"] async for found in cursor}

    async def spread(self, event_id: str) -> None:
        """Everybody who wants it has a delivery."""
        await self._collection.update_one({"_id": event_id}, {"$unset": {"pending": ""}})

    async def left_over(self, *, before: datetime, limit: int = 200) -> list[Event]:
        """Events recorded before then whose deliveries may be missing: a process died in between."""
        cursor = self._collection.find({"pending": {"$lt": before}}).sort("pending").limit(limit)
        return [from_document(found) async for found in cursor]

    async def since(self, moment: datetime, *, after_id: str, limit: int) -> list[Event]:
        """Events recorded at that moment (with an id after that one) or later, the earliest first; no samples."""
        query = {
            "created": {"$gte": moment},
            "$or": [{"created": {"$gt": moment}}, {"_id": {"$gt": after_id}}],
            "is_sample": False,
        }
        cursor = self._collection.find(query).sort([("created", 1), ("_id", 1)]).limit(limit)
        return [from_document(found) async for found in cursor]

    async def forget(self, *, before: datetime) -> int:
        """Take away what was recorded before then."""
        result = await self._collection.delete_many({"created": {"$lt": before}})
        return int(result.deleted_count)
