"""What only contract circles knows about people: one document for each, under the person's id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from store.collection import Collection
from thserver.domain.circles import CircleProfile

COLUMNS = tuple(column.name for column in fields(CircleProfile))


def from_document(found: dict[str, Any]) -> CircleProfile:
    return CircleProfile(**{column: found.get(column) for column in COLUMNS})


class CircleProfiles(Collection):
    name = "circle_profiles"

    async def get(self, person_id: int) -> CircleProfile:
        """The profile; an empty one for somebody who has not filled it in."""
        found = await self._collection.find_one({"_id": person_id})
        return from_document(found) if found is not None else CircleProfile()

    async def middle_names(self, person_ids: Iterable[int]) -> dict[int, str | None]:
        cursor = self._collection.find({"_id": {"$in": list(set(person_ids))}}, {"middle_name": 1})
        return {found["_id"]: found.get("middle_name") for found in await cursor.to_list()}

    async def change(self, person_id: int, changes: dict[str, Any]) -> CircleProfile:
        """Set these fields and leave the others."""
        if changes:
            await self._collection.update_one({"_id": person_id}, {"$set": changes}, upsert=True)
        return await self.get(person_id)

    async def remove(self, person_id: int) -> None:
        await self._collection.delete_one({"_id": person_id})
