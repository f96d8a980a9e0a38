"""Deliveries of webhooks: one row for each event and endpoint, with every try and its outcome."""

from __future__ import annotations

from collections.abc import Collection as Many
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError

from store.collection import Collection
from thserver.domain.webhooks import TRIES_KEPT, Delivery, DeliveryState, LogQuery, Try

DUPLICATE = 11000
WAITING = DeliveryState.WAITING.value
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEWEST_FIRST = [("created", DESCENDING), ("_id", DESCENDING)]


def to_document(delivery: Delivery) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "state": delivery.state.value,
        "due": delivery.due,
        "attempts": delivery.attempts,
        "fence": delivery.fence,
        "replays": delivery.replays,
        "tries": [],
        "created": delivery.created,
        "updated": delivery.updated,
    }
    if delivery.booking_id is not None:
        document["booking_id"] = delivery.booking_id
    return document


def try_document(one: Try) -> dict[str, Any]:
    return {
        "at": one.at,
        "status": one.status,
        "error": one.error,
        "took_ms": one.took_ms,
        "answer": one.answer,
    }


def from_document(found: dict[str, Any]) -> Delivery:
    return Delivery(
        id=found["_id"],
        endpoint_id=found["endpoint_id"],
        event_id=found["event_id"],
        type=found["type"],
        booking_id=found.get("booking_id"),
        state=DeliveryState(found["state"]),
        due=found["due"],
        attempts=found["attempts"],
        fence=found["fence"],
        replays=found["replays"],
        tries=tuple(Try(**each) for each in found["tries"]),
        delivered=found.get("delivered"),
        created=found["created"],
        updated=found["updated"],
    )


class WebhookDeliveries(Collection):
    name = "webhook_deliveries"
    indexes = (
        IndexModel([("endpoint_id", ASCENDING), ("state", ASCENDING), ("due", ASCENDING)], name="due"),
        IndexModel([("endpoint_id", ASCENDING), *NEWEST_FIRST], name="of_endpoint"),
        IndexModel([("state", ASCENDING), *NEWEST_FIRST], name="by_state"),
        IndexModel([("type", ASCENDING), *NEWEST_FIRST], name="by_type"),
        IndexModel(
            [("booking_id", ASCENDING), *NEWEST_FIRST],
            name="of_booking",
            partialFilterExpression={"booking_id": {"$gt": 0}},
        ),
        IndexModel(NEWEST_FIRST, name="newest"),
        IndexModel("expires", name="expires", partialFilterExpression={"expires": {"$gt": EPOCH}}),
    )

    async def add(self, deliveries: Sequence[Delivery]) -> int:
        """How many are new; those that are there already stay as they are."""
        if not deliveries:
            return 0
        try:
            await self._collection.insert_many([to_document(each) for each in deliveries], ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            if any(each.get("code") != DUPLICATE for each in details.get("writeErrors", ())):
                raise
            return int(details.get("nInserted", 0))
        return len(deliveries)

    async def get(self, delivery_id: str) -> Delivery | None:
        found = await self._collection.find_one({"_id": delivery_id})
        return from_document(found) if found is not None else None

    async def due(self, endpoint_id: str, now: datetime, *, limit: int) -> list[str]:
        """Ids of what may be sent there now, the longest due first."""
        query = {"endpoint_id": endpoint_id, "state": WAITING, "due": {"$lte": now}}
        cursor = self._collection.find(query, {"_id": 1}).sort("due").limit(limit)
        return [found["_id"] async for found in cursor]

    async def claim(self, delivery_id: str, *, now: datetime, until: datetime) -> Delivery | None:
        """Take it for one try; should that never be recorded, it is due again by then. None when somebody has it."""
        return await self._one_updated(
            {"_id": delivery_id, "state": WAITING, "due": {"$lte": now}},
            {
                "$set": {"due": until, "claimed": True, "updated": now},
                "$inc": {"fence": 1, "attempts": 1},
            },
        )

    async def record(
        self,
        delivery: Delivery,
        one: Try,
        state: DeliveryState,
        *,
        due: datetime | None = None,
        expires: datetime | None = None,
        now: datetime,
    ) -> bool:
        """Write down how the try ended; False when somebody else has taken it since."""
        settled: dict[str, Any] = {"state": state.value, "updated": now}
        if due is not None:
            settled["due"] = due
        if expires is not None:
            settled["expires"] = expires
        if state is DeliveryState.DELIVERED:
            settled["delivered"] = now
        result = await self._collection.update_one(
            {"_id": delivery.id, "state": WAITING, "fence": delivery.fence},
            {
                "$set": settled,
                "$push": {"tries": {"$each": [try_document(one)], "$slice": -TRIES_KEPT}},
                "$unset": {"claimed": ""},
            },
        )
        return bool(result.modified_count)

    async def again(self, ids: Many[str], states: Many[DeliveryState], *, now: datetime) -> int:
        """Begin anew with those of these that are in one of these states, or wait for their next try and are not
        being sent; how many there were."""
        result = await self._collection.update_many(
            {
                "_id": {"$in": list(ids)},
                "$or": [
                    {"state": {"$in": [state.value for state in states]}},
                    {"state": WAITING, "due": {"$gt": now}, "claimed": {"$exists": False}},
                ],
            },
            {
                "$set": {"state": WAITING, "due": now, "attempts": 0, "updated": now},
                "$inc": {"fence": 1, "replays": 1},
                "$unset": {"expires": "", "delivered": ""},
            },
        )
        return int(result.modified_count)

    async def drop(self, endpoint_id: str, *, expires: datetime, now: datetime) -> None:
        """Its endpoint is gone: nothing more is sent there."""
        await self._collection.update_many(
            {"endpoint_id": endpoint_id, "state": WAITING},
            {"$set": {"state": DeliveryState.DROPPED.value, "expires": expires, "updated": now}},
        )

    async def page(self, wanted: LogQuery, *, skip: int, limit: int) -> tuple[int, list[Delivery]]:
        """How many there are, and a page of them, the newest first."""
        query: dict[str, Any] = {}
        if wanted.endpoint_id is not None:
            query["endpoint_id"] = wanted.endpoint_id
        if wanted.state is not None:
            query["state"] = wanted.state.value
        if wanted.type is not None:
            query["type"] = wanted.type
        if wanted.booking_id is not None:
            query["booking_id"] = wanted.booking_id
        count = (
            await self._collection.count_documents(query)
            if query
            else await self._collection.estimated_document_count()
        )
        cursor = self._collection.find(query).sort(NEWEST_FIRST).skip(skip).limit(limit)
        return int(count), [from_document(found) for found in await cursor.to_list()]

    async def forget(self, now: datetime) -> int:
        """Take away what was to be kept until now."""
        result = await self._collection.delete_many({"expires": {"$gt": EPOCH, "$lte": now}})
        return int(result.deleted_count)

    async def _one_updated(self, query: dict[str, Any], update: dict[str, Any]) -> Delivery | None:
        found = await self._collection.find_one_and_update(
            query, update, return_document=ReturnDocument.AFTER
        )
        return from_document(found) if found is not None else None
