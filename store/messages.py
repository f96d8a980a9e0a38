"""Messages between two people. They are written by `store/mailboxes.py`."""

from __future__ import annotations

from collections.abc import Collection as Many
from typing import Any

from pymongo import ASCENDING, IndexModel

from store.collection import Collection
from thserver.domain.messages import Message

NAME = "messages"


def pair(one: int, other: int) -> str:
    return f"{min(one, other)}:{max(one, other)}"


def to_document(message: Message) -> dict[str, Any]:
    return {
        "_id": message.id,
        "sender_id": message.sender_id,
        "receiver_id": message.receiver_id,
        "people": list(message.people_ids),
        "pair": pair(*message.people_ids),
        "content": message.content,
        "read": message.is_read,
        "created": message.created,
    }


def from_document(found: dict[str, Any]) -> Message:
    return Message(
        id=found["_id"],
        sender_id=found["sender_id"],
        receiver_id=found["receiver_id"],
        content=found["content"],
        is_read=found["read"],
        created=found["created"],
    )


class Messages(Collection):
    name = NAME
    indexes = (
        IndexModel([("people", ASCENDING), ("_id", ASCENDING)], name="of_person"),
        IndexModel([("pair", ASCENDING), ("_id", ASCENDING)], name="of_pair"),
    )

    async def latest(
        self, person_id: int, *, with_id: int | None, before: int | None, limit: int
    ) -> list[Message]:
        """The last ones of this person (with one other), below that number, in order."""
        query = _of(person_id, with_id)
        if before is not None:
            query["_id"] = {"$lt": before}
        cursor = self._collection.find(query).sort("_id", -1).limit(limit)
        return [from_document(found) for found in reversed(await cursor.to_list())]

    async def between(
        self, person_id: int, last: int, until: int, *, with_id: int | None, limit: int
    ) -> list[Message]:
        """The first ones of this person (with one other) above one number and up to another, in order."""
        query = {**_of(person_id, with_id), "_id": {"$gt": last, "$lte": until}}
        cursor = self._collection.find(query).sort("_id", 1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def mark_read(self, ids: Many[int], *, receiver_id: int) -> None:
        await self._collection.update_many(
            {"_id": {"$in": list(ids)}, "receiver_id": receiver_id}, {"$set": {"read": True}}
        )


def _of(person_id: int, with_id: int | None) -> dict[str, Any]:
    return {"people": person_id} if with_id is None else {"pair": pair(person_id, with_id)}
