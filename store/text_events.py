"""What the phone company told us about texts, as it told it: each report once, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import IndexModel

from store.collection import Collection
from thserver.domain.errors import AlreadyExists

RECEIVED = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEvent:
    """A text that came in (`status` is "received") or a step of one of ours. `posted` is the raw form.

    `reply` is our answer to an incoming text, kept so that a duplicate gets the same. `ref` is the outbox row's.
    `media` is how many pictures came with it: at most ten are counted, None for a number that is none.
    """

    sid: str
    status: str
    posted: Mapping[str, list[str]]
    at: datetime
    phone: str = ""
    reply: str | None = None
    meaning: str = ""
    media: int | None = 0
    ref: str = ""
    error_code: str | None = None


class TextEvents(Collection):
    name = "text_events"
    indexes = (
        IndexModel([("sid", 1), ("status", 1)], name="sid_and_status", unique=True),
        IndexModel("unapplied", name="unapplied", partialFilterExpression={"unapplied": {"$exists": True}}),
        IndexModel("at", name="at"),
    )

    async def add(self, event: TextEvent) -> bool:
        """Keep it as not applied yet. False when it was told before."""
        document: dict[str, Any] = {
            "sid": event.sid,
            "status": event.status,
            # Names may hold anything, so they cannot be keys.
            "posted": [{"name": name, "values": values} for name, values in event.posted.items()],
            "at": event.at,
            "unapplied": event.at,
            "phone": event.phone,
            "reply": event.reply,
            "meaning": event.meaning,
            "media": event.media,
            "ref": event.ref,
            "error_code": event.error_code,
        }
        try:
            await self._guard(self._collection.insert_one(document))
        except AlreadyExists:
            return False
        return True

    async def get(self, sid: str, status: str) -> TextEvent | None:
        found = await self._collection.find_one({"sid": sid, "status": status})
        return _event(found) if found is not None else None

    async def applied(self, sid: str, status: str) -> None:
        await self._collection.update_one({"sid": sid, "status": status}, {"$unset": {"unapplied": ""}})

    async def unapplied(self, *, since: datetime, before: datetime, limit: int = 200) -> list[TextEvent]:
        """What a process that died left behind, or what no text of ours belongs to; the latest first, so that
        orphans do not stand in the way."""
        query = {"unapplied": {"$gte": since, "$lt": before}}
        cursor = self._collection.find(query).sort("unapplied", -1).limit(limit)
        return [_event(found) async for found in cursor]


def _event(found: dict[str, Any]) -> TextEvent:
    return TextEvent(
        sid=found["sid"],
        status=found["status"],
        posted={each["name"]: each["values"] for each in found["posted"]},
        at=found["at"],
        phone=found["phone"],
        reply=found["reply"],
        meaning=found["meaning"],
        media=found["media"],
        ref=found["ref"],
        error_code=found["error_code"],
    )
