"""The part of charges that is about giving money back: what was asked for, and the most that is known to be given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from store.charge_documents import from_document
from store.collection import Collection
from thserver.domain.charges import Charge, Refund, State


class RefundsOfCharges(Collection):
    async def ask_refund(self, charge_id: str, refund: Refund) -> Charge | None:
        """Write a refund down before it is asked for. None when so much cannot be given back (any more)."""
        left: dict[str, Any] = {
            "$subtract": [
                {"$add": ["$amount_in_cents", "$carried_in_cents"]},
                {"$add": ["$refunded_in_cents", {"$sum": _open_refunds("amount_in_cents")}]},
            ]
        }
        return await self._one_updated(
            {
                "_id": charge_id,
                "state": State.SUCCEEDED.value,
                "payment_id": {"$gt": ""},
                "refunds.key": {"$ne": refund.key},
                "$expr": {"$gte": [left, refund.amount_in_cents]},
            },
            {
                "$push": {
                    "refunds": {
                        "key": refund.key,
                        "amount_in_cents": refund.amount_in_cents,
                        "made": refund.made,
                        "is_open": True,
                    }
                },
                "$set": {"updated": refund.made},
            },
        )

    async def end_refund(
        self, charge_id: str, key: str, *, payment_refund_id: str | None, reason: str | None
    ) -> None:
        await self._collection.update_one(
            {"_id": charge_id, "refunds": {"$elemMatch": {"key": key, "is_open": True}}},
            {
                "$set": {
                    "refunds.$.is_open": False,
                    "refunds.$.payment_refund_id": payment_refund_id,
                    "refunds.$.reason": reason,
                }
            },
        )

    async def refunding(self, *, before: datetime, limit: int = 100) -> list[Charge]:
        """Charges with a refund that was asked for before then and whose end is not known."""
        cursor = self._collection.find({"refunds.is_open": True, "refunds.made": {"$lte": before}}).limit(
            limit
        )
        return [from_document(found) async for found in cursor]

    async def note_refunded(
        self,
        charge_id: str,
        *,
        now: datetime,
        refund_id: str | None = None,
        amount_in_cents: int = 0,
        altogether_in_cents: int = 0,
    ) -> bool:
        """Money was given back: one refund by its id, or so much altogether. What is known only ever grows, so
        repeats and disorder change nothing. False when there is no such paid charge."""
        given: dict[str, Any] = {"$ifNull": ["$refund_ids", []]}
        if refund_id is not None:
            one = {"id": refund_id, "amount_in_cents": amount_in_cents}
            given = {
                "$cond": [
                    {"$in": [refund_id, {"$ifNull": ["$refund_ids.id", []]}]},
                    given,
                    {"$concatArrays": [given, [{"$literal": one}]]},
                ]
            }
        before = "$refunded_in_cents"
        after = {"$max": [before, altogether_in_cents, {"$sum": "$refund_ids.amount_in_cents"}]}
        within = {"$min": [after, {"$add": ["$amount_in_cents", "$carried_in_cents"]}]}
        news = {
            "id": {"$concat": ["refunded:", {"$toString": before}, "-", {"$toString": "$risen_to"}]},
            "at": now,
        }
        has_risen = {"$gt": ["$risen_to", before]}
        told = {"$ifNull": ["$news", []]}
        return await self._updated(
            {"_id": charge_id, "state": State.SUCCEEDED.value, "payment_id": {"$gt": ""}},
            [
                {"$set": {"refund_ids": given}},
                {"$set": {"risen_to": within}},
                {
                    "$set": {
                        "news": {"$cond": [has_risen, {"$concatArrays": [told, [news]]}, "$news"]},
                        "updated": {"$cond": [has_risen, now, "$updated"]},
                    }
                },
                {"$set": {"refunded_in_cents": "$risen_to"}},
                {"$unset": "risen_to"},
            ],
        )

    async def _one_updated(self, query: dict[str, Any], update: Any) -> Charge | None:
        found = await self._guard(
            self._collection.find_one_and_update(query, update, return_document=ReturnDocument.AFTER)
        )
        return from_document(found) if found is not None else None

    async def _updated(self, query: dict[str, Any], update: Any) -> bool:
        result = await self._guard(self._collection.update_one(query, update))
        return bool(result.matched_count)


def _open_refunds(field: str) -> dict[str, Any]:
    opened = {"$filter": {"input": {"$ifNull": ["$refunds", []]}, "cond": {"$eq": ["$$this.is_open", True]}}}
    return {"$map": {"input": opened, "in": f"$$this.{field}"}}
