"""Whose numbers a person has, by number: also those of people who are not here yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from store.collection import Collection

AT_A_TIME = 1000
DUPLICATE = 11000


class Contacts(Collection):
    """One document for each number in each person's address book. Who a number belongs to is looked up when it is
    asked for, so whoever proves a number is in the contacts of all who have it from that moment on."""

    name = "contacts"
    indexes = (
        IndexModel([("owner_id", ASCENDING), ("phone", ASCENDING)], name="owner_phone", unique=True),
        IndexModel("phone", name="phone"),
    )

    async def put(self, owner_id: int, names: Mapping[str, str], *, now: datetime) -> None:
        """Add these numbers with the names that the owner has for them; known ones get the new name."""
        entries = list(names.items())
        for start in range(0, len(entries), AT_A_TIME):
            await self._put(owner_id, dict(entries[start : start + AT_A_TIME]), now)

    async def phones_of(self, owner_id: int) -> list[str]:
        cursor = self._collection.find({"owner_id": owner_id}, {"_id": 0, "phone": 1})
        return [found["phone"] for found in await cursor.to_list()]

    async def count(self, owner_id: int) -> int:
        return int(await self._collection.count_documents({"owner_id": owner_id}))

    async def known(self, owner_id: int, phones: Iterable[str]) -> set[str]:
        """Those of these numbers that this person has."""
        query: dict[str, Any] = {"owner_id": owner_id, "phone": {"$in": list(phones)}}
        cursor = self._collection.find(query, {"_id": 0, "phone": 1})
        return {found["phone"] for found in await cursor.to_list()}

    async def remove(self, owner_id: int, phones: Iterable[str]) -> None:
        await self._collection.delete_many({"owner_id": owner_id, "phone": {"$in": list(phones)}})

    async def forget(self, owner_id: int, phone: str | None, *, before: datetime) -> None:
        """Take away a person's address book, and his number from all others where it stood before then."""
        await self._collection.delete_many({"owner_id": owner_id})
        if phone is not None:
            await self._collection.delete_many({"phone": phone, "created": {"$lte": before}})

    async def _put(self, owner_id: int, names: dict[str, str], now: datetime) -> None:
        # Plain insertions of what is new take a quarter of the time of upserts; an import is mostly new.
        known = {
            found["phone"]: found["name"]
            async for found in self._collection.find({"owner_id": owner_id, "phone": {"$in": list(names)}})
        }
        new = [
            {"owner_id": owner_id, "phone": phone, "name": name, "created": now}
            for phone, name in names.items()
            if phone not in known
        ]
        renamed = {phone: name for phone, name in names.items() if known.get(phone, name) != name}
        if new:
            try:
                await self._collection.insert_many(new, ordered=False)
            except BulkWriteError as error:
                if any(each["code"] != DUPLICATE for each in error.details["writeErrors"]):
                    raise
                # Another import of the same person was faster with some of them.
                renamed = names
        if renamed:
            await self._collection.bulk_write(
                [
                    UpdateOne({"owner_id": owner_id, "phone": phone}, {"$set": {"name": name}})
                    for phone, name in renamed.items()
                ],
                ordered=False,
            )
