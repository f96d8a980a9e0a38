"""Rows of the outbox, list by list: of a booking, by their keys, and by state for those who run the service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from store.collection import Collection
from store.outbox_documents import from_document
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState


class OutboxLists(Collection):
    async def of_booking(self, booking_id: int) -> list[OutboxRow]:
        cursor = self._collection.find({"booking_id": booking_id}).sort("created")
        return [from_document(found) async for found in cursor]

    async def about(self, booking_id: int, *, limit: int = 500) -> list[OutboxRow]:
        """What was said about this booking, without the contents, the earliest first."""
        cursor = (
            self._collection.find({"booking_id": booking_id}, {"sealed": 0, "instead": 0})
            .sort("created")
            .limit(limit)
        )
        return [from_document(found) for found in await cursor.to_list()]

    async def known(self, keys: list[str]) -> dict[str, datetime | None]:
        """Those of these keys that there is a row for, with the start of the booking that it was about."""
        if not keys:
            return {}
        cursor = self._collection.find({"_id": {"$in": keys}}, {"booking_starts": 1})
        return {found["_id"]: found.get("booking_starts") async for found in cursor}

    async def states(self, keys: list[str]) -> dict[str, OutboxState]:
        """What has become of these, by key; keys without a row are left out."""
        cursor = self._collection.find({"_id": {"$in": keys}}, {"state": 1})
        return {found["_id"]: OutboxState(found["state"]) for found in await cursor.to_list()}

    async def changed_last(
        self, states: Iterable[OutboxState], *, kind: OutboxKind | None, limit: int
    ) -> list[OutboxRow]:
        """Rows in these states without their contents, the latest first."""
        query: dict[str, Any] = {"state": {"$in": [state.value for state in states]}}
        if kind is not None:
            query["kind"] = kind.value
        cursor = self._collection.find(query, {"sealed": 0, "instead": 0}).sort("updated", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def keys_in(self, state: OutboxState, *, kind: OutboxKind | None) -> list[str]:
        """All of them, those that changed first before the others."""
        query: dict[str, Any] = {"state": state.value}
        if kind is not None:
            query["kind"] = kind.value
        cursor = self._collection.find(query, {"_id": 1}).sort("updated", 1)
        return [found["_id"] for found in await cursor.to_list()]

    async def recent(self, state: OutboxState | None, *, limit: int) -> list[OutboxRow]:
        """The rows that changed last, newest first, of one state or of all."""
        states = [state.value] if state is not None else [each.value for each in OutboxState]
        cursor = (
            self._collection.find({"state": {"$in": states}}, {"sealed": 0, "instead": 0})
            .sort("updated", -1)
            .limit(limit)
        )
        return [from_document(found) async for found in cursor]

    async def by_hour(self, since: datetime) -> list[tuple[datetime, OutboxKind, OutboxState, int]]:
        """For each hour since then: how many were written of each kind, and what has become of them."""
        cursor = await self._collection.aggregate(
            [
                {"$match": {"created": {"$gte": since}}},
                {"$project": {"_id": 0, "created": 1, "kind": 1, "state": 1}},
                {
                    "$group": {
                        "_id": {
                            "hour": {"$dateTrunc": {"date": "$created", "unit": "hour"}},
                            "kind": "$kind",
                            "state": "$state",
                        },
                        "count": {"$sum": 1},
                    }
                },
            ],
            hint="by_age",
        )
        return [
            (each["_id"]["hour"], OutboxKind(each["_id"]["kind"]), OutboxState(each["_id"]["state"]), each["count"])
            for each in await cursor.to_list()
        ]  # fmt: skip

    async def count(self, state: OutboxState) -> int:
        return int(await self._collection.count_documents({"state": state.value}))
