"""Calls: who is behind a CallSid, for which booking, and every answer that was given to it.

The first answer to each step of a call is kept, so that a repeated request gets the very same again.
"""

from __future__ import annotations

from collections.abc import Collection as Many
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from store.collection import Collection
from store.together import Inserts


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`person_id` and `booking_id` are known once the caller is; `admitted` is when he was let into the room, by
    our clock. `steps` maps a step to the TwiML given for it, `outcomes` names what was decided at each step."""

    sid: str
    caller: str
    person_id: int | None = None
    booking_id: int | None = None
    admitted: datetime | None = None
    conference_sid: str | None = None
    muted: bool = False
    choices: tuple[int, ...] = ()
    steps: dict[str, str]
    outcomes: tuple[tuple[str, str, datetime], ...] = ()
    created: datetime


def from_document(found: dict[str, Any]) -> Call:
    return Call(
        sid=found["_id"],
        caller=found.get("caller", ""),
        person_id=found.get("person_id"),
        booking_id=found.get("booking_id"),
        admitted=found.get("admitted"),
        conference_sid=found.get("conference_sid"),
        muted=found.get("muted", False),
        choices=tuple(found.get("choices", ())),
        steps={each["key"]: each["twiml"] for each in found["steps"]},
        outcomes=tuple(
            (each["key"], each["outcome"], each["at"]) for each in found["steps"] if "outcome" in each
        ),
        created=found["created"],
    )


class Calls(Collection):
    name = "calls"
    indexes = (
        # Callers who were let in and have not arrived in the room yet: never many, so one field is enough.
        IndexModel(
            "on_the_way", name="on_the_way", partialFilterExpression={"on_the_way": {"$exists": True}}
        ),
        IndexModel("created", name="created"),
        # Every ring that was about a booking, also of those who were not let in.
        IndexModel("about", name="about", partialFilterExpression={"about": {"$gt": 0}}),
    )

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._inserts = Inserts(self._collection)

    async def begin(
        self,
        sid: str,
        step: str,
        twiml: str,
        *,
        caller: str,
        now: datetime,
        facts: dict[str, Any],
        outcome: str = "",
    ) -> tuple[str, bool]:
        """Keep the first answer to a ring. The answer that is kept, an earlier one for a repeated ring, and
        whether it is this one.

        `facts` are further fields of the call; `admitted` among them marks him as on his way to the room.
        """
        document = {
            "_id": sid,
            "caller": caller,
            "created": now,
            "steps": [_step(step, twiml, outcome, now)],
            **_with_way(facts),
        }
        if await self._inserts.insert(document):
            return twiml, True
        return await self._kept(sid, step) or twiml, False

    async def add_step(
        self,
        sid: str,
        step: str,
        twiml: str,
        *,
        facts: dict[str, Any],
        outcome: str = "",
        now: datetime | None = None,
    ) -> tuple[str, bool]:
        """Keep the first answer to a later step; as `begin`."""
        update: dict[str, Any] = {"$push": {"steps": _step(step, twiml, outcome, now)}}
        if facts:
            update["$set"] = _with_way(facts)
        result = await self._collection.update_one({"_id": sid, "steps.key": {"$ne": step}}, update)
        if result.matched_count:
            return twiml, True
        return await self._kept(sid, step) or twiml, False

    async def begin_guess(self, sid: str, step: str) -> bool:
        """Whether this is the first request of this step: only that one counts as a guess."""
        result = await self._collection.update_one(
            {"_id": sid, "guesses": {"$ne": step}}, {"$push": {"guesses": step}}
        )
        return bool(result.matched_count)

    async def get(self, sid: str) -> Call | None:
        found = await self._collection.find_one({"_id": sid})
        return from_document(found) if found is not None else None

    async def callers(self, sids: Many[str]) -> tuple[dict[str, int], list[str]]:
        """The person behind each of these calls, where he is known, and those that were still on their way."""
        if not sids:
            return {}, []
        cursor = self._collection.find(
            {"_id": {"$in": list(sids)}, "person_id": {"$gt": 0}}, {"person_id": 1, "on_the_way": 1}
        )
        found = await cursor.to_list()
        people = {each["_id"]: each["person_id"] for each in found}
        return people, [each["_id"] for each in found if "on_the_way" in each]

    async def many(self, sids: Many[str]) -> dict[str, Call]:
        cursor = self._collection.find({"_id": {"$in": list(sids)}})
        return {found["_id"]: from_document(found) for found in await cursor.to_list()}

    async def set_muted(self, sid: str, *, muted: bool) -> None:
        await self._collection.update_one({"_id": sid}, {"$set": {"muted": muted}})

    async def arrived(self, sids: Many[str], conference_sid: str) -> None:
        """These calls are in this conference, or have been."""
        if sids:
            await self._collection.update_many(
                {"_id": {"$in": list(sids)}},
                {"$set": {"conference_sid": conference_sid}, "$unset": {"on_the_way": ""}},
            )

    async def last_on_the_way(self, booking_id: int, *, since: datetime) -> datetime | None:
        """When the last caller of this booking was let in who has not arrived yet, if that was since then."""
        found = await self._collection.find_one(
            {"on_the_way": {"$gte": since}, "booking_id": booking_id},
            {"on_the_way": 1},
            sort=[("on_the_way", -1)],
        )
        return found["on_the_way"] if found else None

    async def not_arrived(self, *, before: datetime, limit: int = 200) -> list[Call]:
        """Callers who were let in before then, of whose arrival nothing was heard: the earliest first."""
        cursor = self._collection.find({"on_the_way": {"$lt": before}}).sort("on_the_way").limit(limit)
        return [from_document(found) async for found in cursor]

    async def not_arrived_of(self, booking_id: int) -> list[Call]:
        """Callers of this booking of whose arrival nothing was heard, the earliest first."""
        cursor = self._collection.find({"on_the_way": {"$exists": True}, "booking_id": booking_id}).sort(
            "on_the_way"
        )
        return [from_document(found) async for found in cursor]

    async def about(self, booking_id: int, *, limit: int = 200) -> list[Call]:
        """Calls that were for this booking, the earliest first."""
        cursor = self._collection.find({"about": booking_id}).sort("created").limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def lost(self, sid: str) -> None:
        """He never arrived, and nobody needs to look for him any more."""
        await self._collection.update_one({"_id": sid}, {"$unset": {"on_the_way": ""}})

    async def _kept(self, sid: str, step: str) -> str | None:
        found = await self._collection.find_one({"_id": sid}, {"steps": 1})
        for each in found["steps"] if found else ():
            if each["key"] == step:
                return str(each["twiml"])
        return None


def _step(key: str, twiml: str, outcome: str, at: datetime | None) -> dict[str, Any]:
    known = {"outcome": outcome, "at": at} if outcome and at is not None else {}
    return {"key": key, "twiml": twiml, **known}


def _with_way(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "on_the_way": facts["admitted"]} if "admitted" in facts else facts
