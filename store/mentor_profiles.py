"""What mentors and mentees tell about themselves: a document for each, under the person's own number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pymongo import IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.errors import NotFound
from thserver.domain.mentors import MenteeProfile, MentorProfile, search_words


def to_mentor(found: dict[str, Any]) -> MentorProfile:
    return MentorProfile(
        person_id=found["_id"],
        about_me=found["about_me"],
        skills=found["skills"],
        team_number=found["team_number"],
    )


def to_mentee(found: dict[str, Any]) -> MenteeProfile:
    return MenteeProfile(person_id=found["_id"], team_number=found["team_number"])


def to_document(profile: MentorProfile | MenteeProfile) -> dict[str, Any]:
    document = asdict(profile)
    document["_id"] = document.pop("person_id")
    return _searchable(document)


def _searchable(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "search": search_words(values["skills"])} if "skills" in values else values


class MentorProfiles(Collection):
    name = "mentor_profiles"
    indexes = (IndexModel("search", name="search"),)

    async def add(self, profile: MentorProfile) -> None:
        """Raises AlreadyExists("_id") for somebody who has one."""
        await self._collection.insert_one(to_document(profile))

    async def get(self, person_id: int) -> MentorProfile | None:
        found = await self._collection.find_one({"_id": person_id})
        return to_mentor(found) if found is not None else None

    async def of_people(self, person_ids: Iterable[int]) -> dict[int, MentorProfile]:
        cursor = self._collection.find({"_id": {"$in": list(person_ids)}}, {"search": 0})
        return {found["_id"]: to_mentor(found) for found in await cursor.to_list()}

    async def with_any_skill(self, skills: Iterable[str], *, skip: int, limit: int) -> list[MentorProfile]:
        """Whoever has one of these skills, without regard to case."""
        cursor = (
            self._collection.find({"search": {"$in": search_words(skills)}}, {"search": 0})
            .sort("_id")
            .skip(skip)
            .limit(limit)
        )
        return [to_mentor(found) for found in await cursor.to_list()]

    async def change(self, person_id: int, changes: dict[str, Any]) -> MentorProfile:
        """Raises NotFound for somebody who has none."""
        found = await self._collection.find_one_and_update(
            {"_id": person_id},
            {"$set": {"_id": person_id, **_searchable(changes)}},
            return_document=ReturnDocument.AFTER,
        )
        if found is None:
            raise NotFound
        return to_mentor(found)

    async def remove(self, person_id: int) -> bool:
        return bool((await self._collection.delete_one({"_id": person_id})).deleted_count)


class MenteeProfiles(Collection):
    name = "mentee_profiles"

    async def add(self, profile: MenteeProfile) -> None:
        """Raises AlreadyExists("_id") for somebody who has one."""
        await self._collection.insert_one(to_document(profile))

    async def get(self, person_id: int) -> MenteeProfile | None:
        found = await self._collection.find_one({"_id": person_id})
        return to_mentee(found) if found is not None else None

    async def of_people(self, person_ids: Iterable[int]) -> dict[int, MenteeProfile]:
        cursor = self._collection.find({"_id": {"$in": list(person_ids)}})
        return {found["_id"]: to_mentee(found) for found in await cursor.to_list()}

    async def change(self, person_id: int, changes: dict[str, Any]) -> MenteeProfile:
        """Raises NotFound for somebody who has none."""
        found = await self._collection.find_one_and_update(
            {"_id": person_id}, {"$set": {"_id": person_id, **changes}}, return_document=ReturnDocument.AFTER
        )
        if found is None:
            raise NotFound
        return to_mentee(found)

    async def remove(self, person_id: int) -> bool:
        return bool((await self._collection.delete_one({"_id": person_id})).deleted_count)
