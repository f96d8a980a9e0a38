"""What is not needed any more after long: found by an index, and taken away a bounded number at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from store.calls import Calls
from store.collection import Collection
from store.conference_events import ConferenceEvents
from store.dial_outs import DialOuts
from store.outbox import Outbox
from store.text_events import TextEvents
from thserver.domain.dial_outs import DialOutState
from thserver.domain.outbox import FINAL

Document = dict[str, Any]
ABSENT = {"$exists": False}


def old(before: datetime) -> dict[str, tuple[str, Document]]:
    """For each collection the field that says how old a row is, and which rows are old and done with."""
    is_old = {"$lt": before}
    return {
        Calls.name: ("created", {"created": is_old, "on_the_way": ABSENT}),
        ConferenceEvents.name: ("received", {"received": is_old, "pending": ABSENT}),
        DialOuts.name: ("at", {"at": is_old, "state": {"$ne": DialOutState.CALLING.value}}),
        # Also reports of which no text of ours was found: after days nobody looks for it any more.
        TextEvents.name: ("at", {"at": is_old}),
        Outbox.name: (
            "updated",
            {"state": {"$in": sorted(state.value for state in FINAL)}, "updated": is_old},
        ),
    }


class OldRows(Collection):
    """Asks the collections whose rows are forgotten; keeps nothing of its own."""

    name = Calls.name

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        super().__init__(database)
        self._database = database

    async def forget(self, name: str, *, before: datetime, limit: int) -> int:
        """Take the oldest of this collection's old rows away; says how many."""
        field, query = old(before)[name]
        collection = self._database[name]
        cursor = collection.find(query, {"_id": 1}).sort(field, 1).limit(limit)
        ids = [found["_id"] for found in await cursor.to_list()]
        if not ids:
            return 0
        # Asked again: a row that has come back to life meanwhile stays.
        result = await collection.delete_many({**query, "_id": {"$in": ids}})
        return int(result.deleted_count)

    @staticmethod
    def names() -> list[str]:
        return [Calls.name, ConferenceEvents.name, DialOuts.name, TextEvents.name, Outbox.name]
