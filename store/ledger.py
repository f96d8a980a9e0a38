"""The ledger: one document for each entry, with its legs; entries are only ever added."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from store.collection import Collection, translated
from thserver.domain.ledger import Entry, Leg


def to_document(entry: Entry) -> dict[str, Any]:
    return {
        "_id": entry.id,
        "legs": [{"account": leg.account, "amount_in_cents": leg.amount_in_cents} for leg in entry.legs],
        "charge_id": entry.charge_id,
        "at": entry.at,
    }


def from_document(found: dict[str, Any]) -> Entry:
    return Entry(
        id=found["_id"],
        legs=tuple(Leg(leg["account"], leg["amount_in_cents"]) for leg in found["legs"]),
        charge_id=found["charge_id"],
        at=found["at"],
    )


class Ledger(Collection):
    name = "ledger"
    indexes = (
        IndexModel([("legs.account", ASCENDING), ("at", ASCENDING)], name="of_account"),
        IndexModel([("charge_id", ASCENDING), ("at", ASCENDING)], name="of_charge"),
    )

    async def add(self, entry: Entry) -> bool:
        """False when it has been entered before. There is no way to change or remove an entry."""
        try:
            await self._collection.insert_one(to_document(entry))
        except DuplicateKeyError:
            return False
        return True

    async def get(self, entry_id: str) -> Entry | None:
        found = await self._collection.find_one({"_id": entry_id})
        return from_document(found) if found is not None else None

    async def of_charge(self, charge_id: str) -> list[Entry]:
        cursor = self._collection.find({"charge_id": charge_id}).sort("at")
        return [from_document(found) async for found in cursor]

    async def balance(self, account: str) -> int:
        """What the account's legs add up to, in cents."""
        cursor = await self._collection.aggregate(
            [
                {"$match": {"legs.account": account}},
                {"$unwind": "$legs"},
                {"$match": {"legs.account": account}},
                {"$group": {"_id": None, "sum": {"$sum": "$legs.amount_in_cents"}}},
            ]
        )
        async for found in cursor:
            return int(found["sum"])
        return 0

    async def balances(self, accounts: Sequence[str]) -> dict[str, int]:
        """What each of these accounts comes to, in cents; those without entries are left out."""
        if not accounts:
            return {}
        these = {"legs.account": {"$in": list(accounts)}}
        cursor = await self._collection.aggregate(
            [
                {"$match": these},
                {"$unwind": "$legs"},
                {"$match": these},
                {"$group": {"_id": "$legs.account", "sum": {"$sum": "$legs.amount_in_cents"}}},
            ]
        )
        return {found["_id"]: int(found["sum"]) for found in await cursor.to_list()}

    async def by_hour(self, account: str, since: datetime) -> list[tuple[datetime, str, int]]:
        """For each hour since then: what flowed into this account by entries of which kind (`paid`, `refunded` …)."""
        cursor = await self._collection.aggregate(
            [
                {"$match": {"legs.account": account, "at": {"$gte": since}}},
                {"$unwind": "$legs"},
                {"$match": {"legs.account": account}},
                {
                    "$group": {
                        "_id": {
                            "hour": {"$dateTrunc": {"date": "$at", "unit": "hour"}},
                            "what": {"$first": {"$split": ["$_id", ":"]}},
                        },
                        "sum": {"$sum": "$legs.amount_in_cents"},
                    }
                },
            ],
            hint="of_account",
        )
        return [
            (each["_id"]["hour"], each["_id"]["what"], int(each["sum"])) for each in await cursor.to_list()
        ]

    async def of_charges(self, charge_ids: Sequence[str]) -> list[Entry]:
        """The entries of these charges, the earliest first."""
        if not charge_ids:
            return []
        cursor = self._collection.find({"charge_id": {"$in": list(charge_ids)}}).sort("at")
        return [from_document(found) for found in await cursor.to_list()]

    async def everything(self) -> AsyncIterator[Entry]:
        """Every entry there is, for the recount. Raises ValueError at one that does not add up to zero."""
        try:
            async for found in self._collection.find({}):
                yield from_document(found)
        except PyMongoError as error:
            raise translated(error) from error
