"""Purchases of credits: written down before any money is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from pymongo import DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from store.collection import Collection, translated
from thserver.domain.credits import Purchase, PurchaseState

NAME = "purchases"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    "person_id", "credits", "payment_method", "customer_id", "card_id", "transaction_id", "payment_id", "reason",
    "created", "updated",
)  # fmt: skip


def from_document(found: dict[str, Any]) -> Purchase:
    return Purchase(
        id=found["_id"],
        state=PurchaseState(found["state"]),
        **{column: found[column] for column in COLUMNS if column in found},
    )


def to_document(purchase: Purchase) -> dict[str, Any]:
    values = {column: getattr(purchase, column) for column in COLUMNS}
    there = {column: value for column, value in values.items() if value is not None}
    return {"_id": purchase.id, "state": purchase.state.value, **there}


class Purchases(Collection):
    name = NAME
    indexes = (
        # Those whose outcome nobody knows yet.
        IndexModel("next_at", name="open", partialFilterExpression={"next_at": {"$gt": EPOCH}}),
        IndexModel([("created", DESCENDING)], name="by_age"),
    )

    async def add(self, purchase: Purchase, *, next_at: datetime) -> None:
        """`next_at` is when the sweep takes it up, should nobody have finished it by then."""
        await self._collection.insert_one({**to_document(purchase), "next_at": next_at})

    async def get(self, purchase_id: int) -> Purchase | None:
        found = await self._collection.find_one({"_id": purchase_id})
        return from_document(found) if found is not None else None

    async def fail(self, purchase_id: int, reason: str, *, now: datetime) -> bool:
        """No money was taken. False when it has ended already."""
        result = await self._collection.update_one(
            {"_id": purchase_id, "state": PurchaseState.PENDING.value},
            {
                "$set": {"state": PurchaseState.FAILED.value, "reason": reason, "updated": now},
                "$unset": {"next_at": ""},
            },
        )
        return bool(result.matched_count)

    async def postpone(self, purchase_id: int, *, until: datetime) -> None:
        await self._collection.update_one(
            {"_id": purchase_id, "state": PurchaseState.PENDING.value}, {"$set": {"next_at": until}}
        )

    async def ready(self, now: datetime, *, limit: int = 100) -> list[Purchase]:
        """Those to ask about again."""
        cursor = self._collection.find({"next_at": {"$gt": EPOCH, "$lte": now}}).sort("next_at").limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def recent(self, *, limit: int) -> list[Purchase]:
        """The newest first."""
        cursor = self._collection.find({}).sort("created", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def everything(self) -> AsyncIterator[Purchase]:
        try:
            async for found in self._collection.find({}):
                yield from_document(found)
        except PyMongoError as error:
            raise translated(error) from error
