"""Heroes: what a person offers as an expert. The person himself is in people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.errors import NotFound
from thserver.domain.heroes import ORDERS, Hero, ToTell

COLUMNS = tuple(column.name for column in fields(Hero) if column.name != "id")


def to_document(hero: Hero) -> dict[str, Any]:
    return {"_id": hero.id, **{column: getattr(hero, column) for column in COLUMNS}}


def from_document(found: dict[str, Any]) -> Hero:
    return Hero(id=found["_id"], **{column: found[column] for column in COLUMNS if column in found})


class Heroes(Collection):
    name = "heroes"
    indexes = (
        IndexModel("person_id", name="person_id", unique=True),
        *(
            IndexModel(
                [("listed", ASCENDING), (order, ASCENDING), ("_id", ASCENDING)], name=f"listed_{order}"
            )
            for order in ORDERS
        ),
        IndexModel(
            [("listed", ASCENDING), ("discipline", ASCENDING), ("created", ASCENDING)],
            name="listed_discipline",
        ),
        IndexModel("to_tell.at", name="to_tell", sparse=True),
    )

    async def add(self, hero: Hero, *, to_tell: ToTell | None = None) -> None:
        """Raises AlreadyExists("person_id") for somebody who has applied before."""
        document = {**to_document(hero), "listed": hero.listed}
        if to_tell is not None:
            document["to_tell"] = asdict(to_tell)
        await self._collection.insert_one(document)

    async def get(self, hero_id: int) -> Hero | None:
        found = await self._collection.find_one({"_id": hero_id})
        return from_document(found) if found is not None else None

    async def of_person(self, person_id: int) -> Hero | None:
        found = await self._collection.find_one({"person_id": person_id})
        return from_document(found) if found is not None else None

    async def many(self, ids: Iterable[int]) -> dict[int, Hero]:
        cursor = self._collection.find({"_id": {"$in": list(set(ids))}})
        return {found["_id"]: from_document(found) async for found in cursor}

    async def of_people(self, person_ids: Iterable[int]) -> dict[int, Hero]:
        """By the person's id."""
        cursor = self._collection.find({"person_id": {"$in": list(set(person_ids))}})
        return {found["person_id"]: from_document(found) async for found in cursor}

    async def change(
        self, hero_id: int, changes: dict[str, Any], *, now: datetime, to_tell: ToTell | None = None
    ) -> Hero:
        """Set these fields; `listed` follows from accepted, active and the person's own is_active."""
        values: dict[str, Any] = {name: {"$literal": value} for name, value in changes.items()}
        if to_tell is not None:
            values["to_tell"] = {"$literal": asdict(to_tell)}
        found = await self._collection.find_one_and_update(
            {"_id": hero_id},
            [
                {"$set": {**values, "updated": now}},
                {"$set": {"listed": {"$and": ["$accepted", "$active", "$person_active"]}}},
            ],
            return_document=ReturnDocument.AFTER,
        )
        if found is None:
            raise NotFound
        return from_document(found)

    async def follow_person(self, person_id: int, *, name: str, person_active: bool) -> None:
        """Repeat the person's name and is_active, if he is a hero."""
        await self._collection.update_one(
            {"person_id": person_id},
            [
                {"$set": {"name": {"$literal": name}, "person_active": person_active}},
                {"$set": {"listed": {"$and": ["$accepted", "$active", "$person_active"]}}},
            ],
        )

    async def told(self, hero_id: int, to_tell: ToTell) -> None:
        await self._collection.update_one(
            {"_id": hero_id, "to_tell.id": to_tell.id}, {"$unset": {"to_tell": ""}}
        )

    async def untold(self, *, before: datetime) -> list[tuple[int, ToTell]]:
        """What happened to heroes before then and has not been told."""
        cursor = self._collection.find({"to_tell.at": {"$lte": before}}, {"to_tell": 1})
        return [(found["_id"], ToTell(**found["to_tell"])) async for found in cursor]

    async def listed(
        self,
        *,
        discipline: str | None = None,
        search: str | None = None,
        max_rate_in_cents: int | None = None,
        order: str = "created",
        descending: bool = False,
        skip: int = 0,
        limit: int = 10,
    ) -> tuple[int, list[Hero]]:
        """How many accepted and active heroes there are, and a page of them."""
        query: dict[str, Any] = {"listed": True}
        if discipline is not None:
            query["discipline"] = discipline
        if max_rate_in_cents is not None:
            query["rate_in_cents"] = {"$lte": max_rate_in_cents}
        if search:
            pattern = {"$regex": re.escape(search), "$options": "i"}
            query["$or"] = [
                {name: pattern} for name in ("title", "description", "position", "company", "name")
            ]
        direction = -1 if descending else 1
        cursor = (
            self._collection.find(query)
            .sort([(order, direction), ("_id", direction)])
            .skip(skip)
            .limit(limit + 1)
        )
        found = await cursor.to_list()
        # The last page tells the count by itself; counting is another walk over all that fits.
        last = len(found) <= limit and (found or not skip)
        count = skip + len(found) if last else await self._collection.count_documents(query)
        return count, [from_document(each) for each in found[:limit]]
