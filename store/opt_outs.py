"""Numbers that texted STOP: they get no text but the codes they ask for."""

from __future__ import annotations

from datetime import datetime

from store.collection import Collection


class OptOuts(Collection):
    name = "opt_outs"

    async def add(self, phone: str, *, source: str, now: datetime) -> None:
        """`source` says how we know: the message's sid, or the carrier's error. The first time is kept."""
        await self._collection.update_one(
            {"_id": phone}, {"$setOnInsert": {"source": source, "since": now}}, upsert=True
        )

    async def lift(self, phone: str) -> bool:
        """True when there was one."""
        result = await self._collection.delete_one({"_id": phone})
        return bool(result.deleted_count)

    async def has(self, phone: str) -> bool:
        return await self._collection.find_one({"_id": phone}) is not None
