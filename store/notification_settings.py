"""Notification settings: a document for whoever has changed something; who has none has everything on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import ReturnDocument

from store.collection import Collection
from thserver.domain.notification_settings import FLAGS, NotificationSettings


def from_document(found: dict[str, Any]) -> NotificationSettings:
    return NotificationSettings(
        person_id=found["_id"], **{flag: found[flag] for flag in FLAGS if flag in found}
    )


class NotificationSettingsOfPeople(Collection):
    name = "notification_settings"

    async def get(self, person_id: int) -> NotificationSettings:
        found = await self._collection.find_one({"_id": person_id})
        return from_document(found or {"_id": person_id})

    async def change(self, person_id: int, changes: dict[str, bool]) -> NotificationSettings:
        found = await self._collection.find_one_and_update(
            {"_id": person_id},
            {"$set": changes} if changes else {"$setOnInsert": {}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found or {"_id": person_id})

    async def switched_off(self, person_ids: Iterable[int], flag: str) -> set[int]:
        """Those of these people who have this switch off."""
        cursor = self._collection.find({"_id": {"$in": list(person_ids)}, flag: False}, {"_id": 1})
        return {found["_id"] for found in await cursor.to_list()}

    async def forget(self, person_id: int) -> None:
        await self._collection.delete_one({"_id": person_id})
