"""What the card company has posted to us: each event once, with what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from store.collection import Collection

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_FOR = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEvent:
    """`facts` is what we use of the event's object. `state` is new, applied, ignored or orphan."""

    id: str
    type: str
    facts: dict[str, Any]
    state: str = "new"
    tries: int = 0
    received: datetime


def from_document(found: dict[str, Any]) -> CardEvent:
    return CardEvent(
        id=found["_id"],
        type=found["type"],
        facts=found["facts"],
        state=found["state"],
        tries=found["tries"],
        received=found["received"],
    )


class CardEvents(Collection):
    name = "card_events"
    indexes = (
        IndexModel("next_at", name="next_at", partialFilterExpression={"next_at": {"$gt": EPOCH}}),
        IndexModel([("state", ASCENDING), ("received", ASCENDING)], name="by_state"),
        IndexModel("received", name="kept", expireAfterSeconds=int(KEPT_FOR.total_seconds())),
    )

    async def add(self, event: CardEvent) -> bool:
        """False for an event that was posted before."""
        try:
            await self._collection.insert_one(
                {
                    "_id": event.id,
                    "type": event.type,
                    "facts": event.facts,
                    "state": event.state,
                    "tries": 0,
                    "received": event.received,
                    "next_at": event.received,
                }
            )
        except DuplicateKeyError:
            return False
        return True

    async def get(self, event_id: str) -> CardEvent | None:
        found = await self._collection.find_one({"_id": event_id})
        return from_document(found) if found is not None else None

    async def ready(self, now: datetime, *, limit: int = 200) -> list[str]:
        """Events that are to be applied now, or again."""
        cursor = (
            self._collection.find({"next_at": {"$gt": EPOCH, "$lte": now}}, {"_id": 1})
            .sort("next_at")
            .limit(limit)
        )
        return [found["_id"] async for found in cursor]

    async def claim(self, event_id: str, *, now: datetime, until: datetime) -> CardEvent | None:
        """Work on it until then, if nobody else does."""
        found = await self._collection.find_one_and_update(
            {"_id": event_id, "next_at": {"$lte": now}},
            {"$set": {"next_at": until}, "$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def finish(self, event_id: str, state: str, *, next_at: datetime | None = None) -> None:
        """What became of it; with `next_at`, it is looked at again then."""
        update: dict[str, Any] = {"$set": {"state": state}}
        if next_at is not None:
            update["$set"]["next_at"] = next_at
        else:
            update["$unset"] = {"next_at": ""}
        await self._collection.update_one({"_id": event_id}, update)

    async def in_state(self, state: str) -> list[CardEvent]:
        """For the recount and for those who run the service."""
        cursor = self._collection.find({"state": state}).sort("received").limit(1000)
        return [from_document(found) async for found in cursor]
