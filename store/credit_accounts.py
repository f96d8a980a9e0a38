"""What people's credits come to: one document each, changed only together with the entries that say why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import IndexModel

from store.collection import Collection
from thserver.domain.credits import Account, Hold

NAME = "credit_accounts"


def from_document(found: dict[str, Any]) -> Account:
    return Account(
        person_id=found["_id"],
        free=found["free"],
        holds=tuple(
            Hold(each["booking_id"], each["host_id"], each["at"], each.get("completed"))
            for each in found["holds"]
        ),
        updated=found["updated"],
    )


class CreditAccounts(Collection):
    name = NAME
    indexes = (
        # Credits that are to go to whom they are due.
        IndexModel(
            "holds.completed",
            name="completed",
            partialFilterExpression={"holds.completed": {"$exists": True}},
        ),
    )

    async def get(self, person_id: int) -> Account | None:
        found = await self._collection.find_one({"_id": person_id})
        return from_document(found) if found is not None else None

    async def mark_completed(self, person_id: int, booking_id: int, *, at: datetime) -> None:
        """The meeting that this person holds a credit for is over; no matter if the credit is gone already."""
        await self._collection.update_one(
            {"_id": person_id, "holds": {"$elemMatch": {"booking_id": booking_id, "completed": None}}},
            {"$set": {"holds.$.completed": at}},
        )

    async def with_completed(self, *, until: datetime, limit: int = 200) -> list[Account]:
        """The accounts that hold credits for meetings that were completed until then."""
        cursor = self._collection.find({"holds.completed": {"$lte": until}}).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]
