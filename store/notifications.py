"""What people are told within the service. Notifications are written by `store/mailboxes.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.messages import Notification, NotificationKind

NAME = "notifications"


def to_document(notification: Notification) -> dict[str, Any]:
    document = {
        "_id": notification.id,
        "person_id": notification.person_id,
        "kind": notification.kind.value,
        "what": notification.what,
        "facts": dict(notification.facts),
        "read": notification.is_read,
        "created": notification.created,
        "updated": notification.updated,
    }
    for name in ("key", "other_id", "related_id"):
        value = getattr(notification, name)
        if value is not None:
            document[name] = value
    return document


def from_document(found: dict[str, Any]) -> Notification:
    return Notification(
        id=found["_id"],
        person_id=found["person_id"],
        key=found.get("key"),
        kind=NotificationKind(found["kind"]),
        what=found["what"],
        facts=found["facts"],
        other_id=found.get("other_id"),
        related_id=found.get("related_id"),
        is_read=found["read"],
        created=found["created"],
        updated=found["updated"],
    )


class Notifications(Collection):
    name = NAME
    indexes = (
        IndexModel([("person_id", ASCENDING), ("_id", ASCENDING)], name="of_person"),
        IndexModel(
            [("person_id", ASCENDING), ("read", ASCENDING), ("_id", ASCENDING)], name="of_person_by_read"
        ),
        IndexModel("key", name="key", unique=True, partialFilterExpression={"key": {"$gt": ""}}),
    )

    async def latest(
        self, person_id: int, *, is_read: bool | None, before: int | None, limit: int
    ) -> list[Notification]:
        """The last ones of this person, below that number, in order."""
        query: dict[str, Any] = {"person_id": person_id}
        if is_read is not None:
            query["read"] = is_read
        if before is not None:
            query["_id"] = {"$lt": before}
        cursor = self._collection.find(query).sort("_id", -1).limit(limit)
        return [from_document(found) for found in reversed(await cursor.to_list())]

    async def between(self, person_id: int, last: int, until: int, *, limit: int) -> list[Notification]:
        """The first ones of this person above one number and up to another, in order."""
        query = {"person_id": person_id, "_id": {"$gt": last, "$lte": until}}
        cursor = self._collection.find(query).sort("_id", 1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def known(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that somebody was told under."""
        cursor = self._collection.find({"key": {"$in": list(keys), "$gt": ""}}, {"_id": 0, "key": 1})
        return {found["key"] for found in await cursor.to_list()}

    async def mark(
        self, notification_id: int, person_id: int, *, is_read: bool, now: datetime
    ) -> Notification | None:
        found = await self._collection.find_one_and_update(
            {"_id": notification_id, "person_id": person_id},
            {"$set": {"read": is_read, "updated": now}},
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def forget(self, person_id: int) -> None:
        await self._collection.delete_many({"person_id": person_id})
