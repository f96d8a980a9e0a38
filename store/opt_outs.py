"""Numbers that texted STOP: they get no text but the codes they ask for."""

from __future__ import annotations

from datetime import datetime

from store.collection import Collection
from thserver.domain.errors import AlreadyExists


class OptOuts(Collection):
    """One row for each number that ever said STOP or START: whether it is out, since when, and how we know."""

    name = "opt_outs"

    async def set(self, phone: str, *, out: bool, source: str, at: datetime) -> None:
        """The latest word counts, in whatever order words are applied. `source` is the text's sid, or the
        carrier's error code."""
        try:
            await self._guard(
                self._collection.update_one(
                    {"_id": phone, "at": {"$lte": at}},
                    {"$set": {"out": out, "source": source, "at": at}},
                    upsert=True,
                )
            )
        except AlreadyExists:
            return  # A later word is there already.

    async def has(self, phone: str) -> bool:
        found = await self._collection.find_one({"_id": phone})
        return found is not None and bool(found["out"])
