"""What people are good at, by category."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel

from store.collection import Collection
from thserver.domain.meetings import Skill


def from_document(found: dict[str, Any]) -> Skill:
    return Skill(
        id=found["_id"],
        person_id=found["person_id"],
        category_id=found["category_id"],
        name=found["name"],
        level=found["level"],
    )


def to_document(skill: Skill, now: datetime) -> dict[str, Any]:
    return {
        "_id": skill.id,
        "person_id": skill.person_id,
        "category_id": skill.category_id,
        "name": skill.name,
        "key": " ".join(skill.name.casefold().split()),
        "level": skill.level,
        "created": now,
    }


class Skills(Collection):
    name = "skills"
    indexes = (
        # A skill stands once in a person's list, however it is spelt.
        IndexModel(
            [("key", ASCENDING), ("person_id", ASCENDING), ("category_id", ASCENDING)],
            name="key",
            unique=True,
        ),
        IndexModel([("person_id", ASCENDING), ("_id", ASCENDING)], name="of_person"),
    )

    async def add(self, skill: Skill, *, now: datetime) -> None:
        """Raises AlreadyExists("key")."""
        await self._collection.insert_one(to_document(skill, now))

    async def of_person(self, person_id: int) -> list[Skill]:
        cursor = self._collection.find({"person_id": person_id}).sort("_id")
        return [from_document(found) for found in await cursor.to_list()]

    async def count(self, person_id: int) -> int:
        return await self._collection.count_documents({"person_id": person_id})
