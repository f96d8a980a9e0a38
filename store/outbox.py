"""What is said to the outside: one row each, written before it is said, with the outcome beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from store.outbox_documents import from_document, to_document
from store.outbox_lists import OutboxLists
from thserver.domain.errors import AlreadyExists
from thserver.domain.outbox import (
    DELIVERY_RANK,
    NOT_DELIVERED,
    OPTED_OUT_CODE,
    OutboxKind,
    OutboxRow,
    OutboxState,
)


class Outbox(OutboxLists):
    name = "outbox"
    indexes = (
        IndexModel("ref", name="ref", unique=True),
        # What is due, and whose lease has run out.
        IndexModel([("state", ASCENDING), ("due", ASCENDING)], name="due"),
        IndexModel([("state", ASCENDING), ("lease_until", ASCENDING)], name="leases"),
        IndexModel([("state", ASCENDING), ("updated", DESCENDING)], name="recent"),
        # The numbers of the last days are read from the index alone.
        IndexModel([("created", DESCENDING), ("kind", ASCENDING), ("state", ASCENDING)], name="by_age"),
        IndexModel("provider_id", name="provider_id", partialFilterExpression={"provider_id": {"$gt": ""}}),
        IndexModel("booking_id", name="booking_id", partialFilterExpression={"booking_id": {"$gt": 0}}),
    )

    async def add(self, row: OutboxRow) -> bool:
        """False when there is one of that key already."""
        try:
            await self._guard(self._collection.insert_one(to_document(row)))
        except AlreadyExists:
            return False
        return True

    async def get(self, key: str) -> OutboxRow | None:
        return await self._one({"_id": key})

    async def with_ref(self, ref: str) -> OutboxRow | None:
        return await self._one({"ref": ref})

    async def with_provider_id(self, provider_id: str) -> OutboxRow | None:
        return await self._one({"provider_id": provider_id})

    async def due(self, now: datetime, *, limit: int) -> list[str]:
        """Keys of what may be sent now, the longest due first."""
        cursor = (
            self._collection.find({"state": OutboxState.WAITING.value, "due": {"$lte": now}}, {"_id": 1})
            .sort("due")
            .limit(limit)
        )
        return [found["_id"] async for found in cursor]

    async def unknown(self, now: datetime, *, limit: int) -> list[str]:
        """Keys of texts whose outcome may be asked for now."""
        cursor = (
            self._collection.find({"state": OutboxState.UNKNOWN.value, "due": {"$lte": now}}, {"_id": 1})
            .sort("due")
            .limit(limit)
        )
        return [found["_id"] async for found in cursor]

    async def claim(
        self, key: str, *, state: OutboxState, now: datetime, lease_until: datetime
    ) -> OutboxRow | None:
        """Take a row that is due, for sending it (WAITING) or for asking about it (UNKNOWN).

        The row as claimed; None when somebody else was faster. Its `fence` is the claimant's token.
        """
        update: dict[str, Any] = {"$inc": {"fence": 1}, "$set": {"updated": now}}
        if state is OutboxState.WAITING:
            update["$inc"]["attempts"] = 1
            update["$set"] |= {
                "state": OutboxState.SENDING.value,
                "lease_until": lease_until,
                "tried_at": now,
            }
        else:
            # It stays unknown; nobody else asks while this one does.
            update["$set"]["due"] = lease_until
        found = await self._collection.find_one_and_update(
            {"_id": key, "state": state.value, "due": {"$lte": now}},
            update,
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def finish(
        self,
        row: OutboxRow,
        state: OutboxState,
        *,
        now: datetime,
        due: datetime | None = None,
        provider_id: str | None = None,
        delivery_status: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Record how a claim ended. False when the claim is no longer good: its lease ran out and somebody
        else has the row, or the carrier's own report came first."""
        settled: dict[str, Any] = {"state": state.value, "updated": now}
        for name, value in (("due", due), ("provider_id", provider_id), ("reason", reason)):
            if value is not None:
                settled[name] = value
        if delivery_status in DELIVERY_RANK:
            settled["delivery_status"] = delivery_status
            settled["delivery_rank"] = DELIVERY_RANK[delivery_status]
        result = await self._collection.update_one(
            {"_id": row.key, "fence": row.fence, "state": row.state.value},
            {"$set": settled, "$unset": {"lease_until": ""}},
        )
        return bool(result.matched_count)

    async def end_leases(self, now: datetime, *, ask_from: datetime) -> int:
        """Free what a process that died was sending: a letter waits to be sent again, as the same mail; a text
        may have gone out, so it becomes unknown and is asked about from `ask_from` on. Says how many."""
        run_out = {"state": OutboxState.SENDING.value, "lease_until": {"$lte": now}}
        letters = await self._collection.update_many(
            {**run_out, "kind": OutboxKind.LETTER.value},
            {
                "$set": {"state": OutboxState.WAITING.value, "due": now, "updated": now},
                "$unset": {"lease_until": ""},
                "$inc": {"fence": 1},
            },
        )
        texts = await self._collection.update_many(
            {**run_out, "kind": OutboxKind.TEXT.value},
            {
                "$set": {
                    "state": OutboxState.UNKNOWN.value,
                    "due": ask_from,
                    "updated": now,
                    "reason": "lease_ran_out",
                },
                "$unset": {"lease_until": ""},
                "$inc": {"fence": 1},
            },
        )
        return int(letters.modified_count + texts.modified_count)

    async def report(
        self, key: str, *, sid: str, status: str, error_code: str | None, now: datetime
    ) -> OutboxRow | None:
        """Apply the carrier's report on a text if it is further than what is known. The row then; None when it
        changes nothing: an older status, one after the last, or of another message than the one that counts."""
        rank = DELIVERY_RANK[status]
        settled: dict[str, Any] = {
            "provider_id": sid,
            "delivery_status": status,
            "delivery_rank": rank,
            "updated": now,
        }
        if status in NOT_DELIVERED:
            suppressed = error_code == OPTED_OUT_CODE
            settled["state"] = (OutboxState.SUPPRESSED if suppressed else OutboxState.FAILED).value
            settled["reason"] = error_code or status
        else:
            settled["state"] = OutboxState.DONE.value
        found = await self._collection.find_one_and_update(
            {
                "_id": key,
                "state": {
                    "$in": [
                        OutboxState.WAITING.value,
                        OutboxState.SENDING.value,
                        OutboxState.UNKNOWN.value,
                        OutboxState.DONE.value,
                        OutboxState.DEAD.value,
                    ]
                },
                "$and": [
                    {"$or": [{"delivery_rank": {"$exists": False}}, {"delivery_rank": {"$lt": rank}}]},
                    {"$or": [{"provider_id": {"$exists": False}}, {"provider_id": sid}]},
                    # Of a try before this one, which nobody waits for any more.
                    {"earlier_ids": {"$ne": sid}},
                ],
            },
            {"$set": settled, "$unset": {"lease_until": ""}},
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def revive(self, key: str, now: datetime) -> bool:
        """Send something that was given up or refused again, with a fresh number of tries. False when it was neither,
        or when its contents were never kept."""
        found = await self._collection.find_one_and_update(
            {
                "_id": key,
                "state": {"$in": [OutboxState.DEAD.value, OutboxState.FAILED.value]},
                "sealed": {"$exists": True},
            },
            [
                {
                    "$set": {
                        "state": OutboxState.WAITING.value,
                        "due": now,
                        "attempts": 0,
                        "updated": now,
                        "fence": {"$add": ["$fence", 1]},
                        "earlier_ids": {
                            "$setUnion": [
                                {"$ifNull": ["$earlier_ids", []]},
                                {"$cond": [{"$gt": ["$provider_id", None]}, ["$provider_id"], []]},
                            ]
                        },
                    }
                },
                {"$unset": ["provider_id", "delivery_status", "delivery_rank", "reason", "lease_until"]},
            ],
            projection={"_id": 1},
        )
        return found is not None

    async def ask_now(self, key: str, now: datetime) -> bool:
        """Let what became of this be asked for at once. False when it is known."""
        result = await self._collection.update_one(
            {"_id": key, "state": OutboxState.UNKNOWN.value}, {"$min": {"due": now}}
        )
        return bool(result.matched_count)

    async def _one(self, query: dict[str, Any]) -> OutboxRow | None:
        found = await self._collection.find_one(query)
        return from_document(found) if found is not None else None
