"""Endpoints of webhooks: where events are sent, which ones, and the sealed secrets that sign them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.webhook_events import EVERYTHING
from thserver.domain.webhooks import Endpoint, EndpointState, Reason, Secret

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def secret_document(secret: Secret) -> dict[str, Any]:
    return {"sealed": secret.sealed, "until": secret.until}


def to_document(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "_id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "creator_id": endpoint.creator_id,
        "state": endpoint.state.value,
        "secrets": [secret_document(each) for each in endpoint.secrets],
        "created": endpoint.created,
        "updated": endpoint.updated,
    }


def from_document(found: dict[str, Any]) -> Endpoint:
    return Endpoint(
        id=found["_id"],
        url=found["url"],
        events=tuple(found["events"]),
        description=found["description"],
        creator_id=found["creator_id"],
        state=EndpointState(found["state"]),
        reason=Reason(found["reason"]) if found.get("reason") else None,
        secrets=tuple(Secret(sealed=each["sealed"], until=each.get("until")) for each in found["secrets"]),
        failing_since=found.get("failing_since"),
        untold=Reason(found["untold"]) if found.get("untold") else None,
        created=found["created"],
        updated=found["updated"],
    )


class WebhookEndpoints(Collection):
    name = "webhook_endpoints"
    indexes = (
        IndexModel("events", name="events"),
        IndexModel([("created", ASCENDING), ("_id", ASCENDING)], name="created"),
        IndexModel("state", name="state"),
        IndexModel("untold", name="untold", partialFilterExpression={"untold": {"$gt": ""}}),
    )

    async def add(self, endpoint: Endpoint) -> None:
        await self._collection.insert_one(to_document(endpoint))

    async def get(self, endpoint_id: str) -> Endpoint | None:
        found = await self._collection.find_one({"_id": endpoint_id})
        return from_document(found) if found is not None else None

    async def all(self) -> list[Endpoint]:
        """Every endpoint, the oldest first; there are few."""
        cursor = self._collection.find({}).sort([("created", 1), ("_id", 1)])
        return [from_document(found) async for found in cursor]

    async def enabled(self) -> list[str]:
        cursor = self._collection.find({"state": EndpointState.ENABLED.value}, {"_id": 1})
        return [found["_id"] async for found in cursor]

    async def wanted_types(self) -> set[str]:
        """Every type of event that some endpoint has chosen, be it enabled or not."""
        return set(await self._collection.distinct("events", {"events": {"$gt": ""}}))

    async def wanting(self, event_type: str) -> list[Endpoint]:
        """The enabled endpoints that have chosen this type of event."""
        query = {"events": {"$in": [event_type, EVERYTHING]}, "state": EndpointState.ENABLED.value}
        return [from_document(found) async for found in self._collection.find(query)]

    async def change(self, endpoint_id: str, changes: dict[str, Any], *, now: datetime) -> Endpoint | None:
        return await self._changed({"_id": endpoint_id}, {"$set": {**changes, "updated": now}})

    async def rotate(
        self, endpoint: Endpoint, secrets: tuple[Secret, ...], *, now: datetime
    ) -> Endpoint | None:
        """Put these secrets in the place of those that were seen; None when they are others by now."""
        return await self._changed(
            {"_id": endpoint.id, "secrets.0.sealed": endpoint.secrets[0].sealed},
            {"$set": {"secrets": [secret_document(each) for each in secrets], "updated": now}},
        )

    async def enable(self, endpoint_id: str, *, now: datetime) -> Endpoint | None:
        return await self._changed(
            {"_id": endpoint_id},
            {
                "$set": {"state": EndpointState.ENABLED.value, "updated": now},
                "$unset": {"reason": "", "failing_since": "", "untold": ""},
            },
        )

    async def disable(self, endpoint_id: str, *, now: datetime) -> Endpoint | None:
        """By hand."""
        settled = {"state": EndpointState.DISABLED.value, "reason": Reason.BY_HAND.value, "updated": now}
        return await self._changed({"_id": endpoint_id}, {"$set": settled, "$unset": {"untold": ""}})

    async def give_up(
        self, endpoint_id: str, reason: Reason, *, failing_before: datetime | None, now: datetime
    ) -> bool:
        """Disable it, because it is gone or has failed since before then; its creator is still to be told."""
        query: dict[str, Any] = {"_id": endpoint_id, "state": EndpointState.ENABLED.value}
        if failing_before is not None:
            query["failing_since"] = {"$gt": EPOCH, "$lte": failing_before}
        settled = {
            "state": EndpointState.DISABLED.value,
            "reason": reason.value,
            "untold": reason.value,
            "updated": now,
        }
        result = await self._collection.update_one(query, {"$set": settled})
        return bool(result.modified_count)

    async def failed(self, endpoint_id: str, *, now: datetime) -> None:
        """A try failed: since now, unless it has been failing before."""
        await self._collection.update_one(
            {"_id": endpoint_id, "failing_since": None}, {"$set": {"failing_since": now}}
        )

    async def succeeded(self, endpoint_id: str) -> None:
        await self._collection.update_one(
            {"_id": endpoint_id, "failing_since": {"$gt": EPOCH}}, {"$unset": {"failing_since": ""}}
        )

    async def untold(self) -> list[Endpoint]:
        """Those that were disabled without their creator having been told."""
        return [from_document(found) async for found in self._collection.find({"untold": {"$gt": ""}})]

    async def told(self, endpoint_id: str) -> None:
        await self._collection.update_one({"_id": endpoint_id}, {"$unset": {"untold": ""}})

    async def delete(self, endpoint_id: str) -> bool:
        result = await self._collection.delete_one({"_id": endpoint_id})
        return bool(result.deleted_count)

    async def count(self) -> int:
        return int(await self._collection.estimated_document_count())

    async def _changed(self, query: dict[str, Any], update: dict[str, Any]) -> Endpoint | None:
        found = await self._collection.find_one_and_update(
            query, update, return_document=ReturnDocument.AFTER
        )
        return from_document(found) if found is not None else None
