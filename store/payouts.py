"""Payouts to hosts: one document each, written before any money is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import PyMongoError

from store.collection import Collection, translated
from thserver.domain.payouts import OPEN, Payout, State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPEN_VALUES = [state.value for state in sorted(OPEN)]
COLUMNS = (
    "host_id", "number", "account", "amount_in_cents", "tries", "transfer_id", "reversed_in_cents", "reason", "next_at", "created", "updated",
)  # fmt: skip


def to_document(payout: Payout) -> dict[str, Any]:
    values = {column: getattr(payout, column) for column in COLUMNS}
    document = {column: value for column, value in values.items() if value is not None}
    return {"_id": payout.id, "state": payout.state.value, "open_host": payout.host_id, **document}


def from_document(found: dict[str, Any]) -> Payout:
    return Payout(
        state=State(found["state"]), **{column: found[column] for column in COLUMNS if column in found}
    )


class Payouts(Collection):
    name = "payouts"
    indexes = (
        # One open payout of a host: the index decides between two that race.
        IndexModel(
            "open_host", name="open_host", unique=True, partialFilterExpression={"open_host": {"$gt": 0}}
        ),
        IndexModel([("host_id", ASCENDING), ("number", DESCENDING)], name="of_host"),
        IndexModel(
            "transfer_id",
            name="transfer_id",
            unique=True,
            partialFilterExpression={"transfer_id": {"$gt": ""}},
        ),
        IndexModel("next_at", name="next_at", partialFilterExpression={"next_at": {"$gt": EPOCH}}),
        IndexModel([("created", DESCENDING)], name="by_age"),
    )

    async def add(self, payout: Payout) -> None:
        """Raises AlreadyExists when the host has an open one, or one of that number."""
        await self._collection.insert_one(to_document(payout))

    async def get(self, payout_id: str) -> Payout | None:
        found = await self._collection.find_one({"_id": payout_id})
        return from_document(found) if found is not None else None

    async def with_transfer(self, transfer_id: str) -> Payout | None:
        found = await self._collection.find_one({"transfer_id": transfer_id})
        return from_document(found) if found is not None else None

    async def reversed(self, payout_id: str, altogether_in_cents: int, *, now: datetime) -> None:
        """So much altogether was taken back from the host; it only ever grows."""
        await self._collection.update_one(
            {"_id": payout_id},
            {"$max": {"reversed_in_cents": altogether_in_cents}, "$set": {"updated": now}},
        )

    async def latest_of(self, host_id: int) -> Payout | None:
        found = await self._collection.find_one({"host_id": host_id}, sort=[("number", -1)])
        return from_document(found) if found is not None else None

    async def recent(self, *, limit: int) -> list[Payout]:
        """The newest first."""
        cursor = self._collection.find({}).sort("created", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def ready(self, now: datetime, *, limit: int = 100) -> list[str]:
        """The ids of those that something is to be done about now, the longest waiting first."""
        cursor = (
            self._collection.find({"next_at": {"$gt": EPOCH, "$lte": now}}, {"_id": 1})
            .sort("next_at")
            .limit(limit)
        )
        return [found["_id"] for found in await cursor.to_list()]

    async def claim(self, payout_id: str, token: str, *, now: datetime, until: datetime) -> Payout | None:
        """Work on it until then. None when somebody else does, or nothing is to be done."""
        found = await self._collection.find_one_and_update(
            {"_id": payout_id, "state": {"$in": OPEN_VALUES}, "next_at": {"$lte": now}},
            {"$set": {"lease": token, "next_at": until}, "$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def hurry(self, payout_id: str, now: datetime) -> None:
        """Let it be worked on at once, unless somebody is at it."""
        await self._collection.update_one(
            {"_id": payout_id, "state": {"$in": OPEN_VALUES}, "lease": {"$exists": False}},
            {"$min": {"next_at": now}},
        )

    async def paid(self, payout_id: str, transfer_id: str, *, now: datetime) -> bool:
        """The money is with the host, whoever finds out. False when that is known."""
        result = await self._collection.update_one(
            {"_id": payout_id, "state": {"$ne": State.PAID.value}},
            {
                "$set": {"state": State.PAID.value, "transfer_id": transfer_id, "updated": now},
                "$unset": {"open_host": "", "next_at": "", "lease": "", "reason": ""},
            },
        )
        return bool(result.matched_count)

    async def failed(self, payout_id: str, token: str, reason: str, *, now: datetime) -> bool:
        """Surely nothing was sent; only whoever holds the claim may say so."""
        result = await self._collection.update_one(
            {"_id": payout_id, "lease": token, "state": {"$in": OPEN_VALUES}},
            {
                "$set": {"state": State.FAILED.value, "reason": reason, "updated": now},
                "$unset": {"open_host": "", "next_at": "", "lease": ""},
            },
        )
        return bool(result.matched_count)

    async def postpone(
        self, payout_id: str, token: str, *, state: State, reason: str | None, until: datetime, now: datetime
    ) -> bool:
        """The same is asked for again later; only whoever holds the claim may say so."""
        result = await self._collection.update_one(
            {"_id": payout_id, "lease": token, "state": {"$in": OPEN_VALUES}},
            {
                "$set": {"state": state.value, "reason": reason, "next_at": until, "updated": now},
                "$unset": {"lease": ""},
            },
        )
        return bool(result.matched_count)

    async def everything(self) -> AsyncIterator[Payout]:
        """Every payout there is, for the recount."""
        try:
            async for found in self._collection.find({}):
                yield from_document(found)
        except PyMongoError as error:
            raise translated(error) from error
