"""Bookings of every kind: one document each, every change one conditional update."""

from __future__ import annotations

from collections.abc import Collection as Many
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from store.booking_documents import (
    from_document,
    happened,
    news_from,
    pin_document,
    suggestion_document,
    taken,
    to_document,
)
from store.booking_lists import EPOCH, BookingLists
from thserver.domain.bookings import FIRM, LAPSING, Booking, Kind, Move, News, Pin, State, Suggestion
from thserver.domain.errors import AlreadyExists, AlreadyOpen, TimeTaken, WrongState


class Stale(WrongState):
    """The booking has changed since it was read."""


class Bookings(BookingLists):
    name = "bookings"
    indexes = (
        # No host has two bookings at one time: the index decides between two that race.
        IndexModel("taken", name="taken", unique=True, partialFilterExpression={"taken": {"$gt": 0}}),
        # One open request of a person to a host.
        IndexModel(
            "open_pair", name="open_pair", unique=True, partialFilterExpression={"open_pair": {"$gt": ""}}
        ),
        IndexModel(
            [
                ("people_ids", ASCENDING),
                ("kind", ASCENDING),
                ("created", DESCENDING),
                ("_id", DESCENDING),
            ],
            name="of_person",
        ),
        # Dial-in and reminders ask for agreed bookings around now.
        IndexModel([("people_ids", ASCENDING), ("ends", ASCENDING)], name="of_person_by_end"),
        # A PIN says who calls and for which booking, so no two live ones are alike.
        IndexModel("pins.hash", name="pins", unique=True, partialFilterExpression={"pins.hash": {"$gt": ""}}),
        IndexModel([("state", ASCENDING), ("starts", ASCENDING)], name="by_start"),
        IndexModel([("state", ASCENDING), ("kind", ASCENDING), ("updated", ASCENDING)], name="stale_by_kind"),
        IndexModel([("kind", ASCENDING), ("state", ASCENDING), ("ends", ASCENDING)], name="by_kind_and_end"),
        # Staff look through all of them, the newest first.
        IndexModel([("state", ASCENDING), ("kind", ASCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("people_ids", ASCENDING), ("_id", DESCENDING)], name="newest_of_person"),
        IndexModel([("room", ASCENDING), ("_id", DESCENDING)], name="newest_of_room"),
        IndexModel("details.logo", name="logo", partialFilterExpression={"details.logo": {"$gt": ""}}),
        IndexModel("news.at", name="untold", partialFilterExpression={"news.at": {"$exists": True}}),
    )

    async def add(self, booking: Booking) -> None:
        """Raises AlreadyOpen for a second open request to one host, TimeTaken for a taken time."""
        try:
            await self._insert(to_document(booking))
        except AlreadyExists as error:
            raise _clash(error) from error

    async def get(self, booking_id: int) -> Booking | None:
        found = await self._collection.find_one({"_id": booking_id})
        return from_document(found) if found is not None else None

    async def many(self, ids: Many[int]) -> dict[int, Booking]:
        if not ids:
            return {}
        cursor = self._collection.find({"_id": {"$in": list(set(ids))}})
        return {found["_id"]: from_document(found) async for found in cursor}

    async def move(
        self,
        booking: Booking,
        move: Move,
        changes: dict[str, Any],
        *,
        news: News | None,
        now: datetime,
        suggestion: Suggestion | None = None,
        pins: tuple[Pin, ...] = (),
    ) -> Booking:
        """Make the move if the booking is still as it was read. Raises Stale when somebody was faster,
        TimeTaken when the host is taken at `changes["starts"]`, AlreadyExists("pins.hash") for a PIN in use."""
        settled = {**changes, "state": move.to.value, "updated": now}
        update: dict[str, Any] = {"$set": settled}
        if move.to is State.AGREED:
            starts = settled.get("starts", booking.starts)
            assert starts is not None, "a booking is agreed on only with a time"
            settled["ends"] = starts + timedelta(minutes=booking.minutes)
            settled["taken"] = taken(booking.host_id, starts, booking.minutes)
        if pins:
            settled["pins"] = [pin_document(each) for each in pins]
        gone = {}
        if move.to is not State.REQUESTED:
            gone["open_pair"] = ""
        if move.to in (State.CANCELLED, State.DECLINED, State.MISSED):
            gone["taken"] = ""
        if move.to in (State.CANCELLED, State.MISSED):
            gone["pins"] = ""
        if gone:
            update["$unset"] = gone
        pushed: dict[str, Any] = {}
        if suggestion is not None:
            pushed["suggestions"] = suggestion_document(suggestion)
        if news is not None:
            pushed |= happened(news)
        if pushed:
            update["$push"] = pushed
        if move.to is State.AGREED or booking.state in FIRM:
            update["$inc"] = {"sequence": 1}
        try:
            found = await self._move(
                {
                    "_id": booking.id,
                    "state": booking.state.value,
                    "suggestions": {"$size": len(booking.suggestions)},
                },
                update,
            )
        except AlreadyExists as error:
            raise _clash(error) from error
        if found is None:
            raise Stale
        return from_document(found)

    async def leave(self, booking_id: int, person_id: int, *, now: datetime) -> None:
        """Take one of several guests out; the booking goes on without him."""
        await self._collection.update_one(
            {"_id": booking_id, "host_id": {"$ne": person_id}, "guest_ids.1": {"$exists": True}},
            {
                "$pull": {
                    "guest_ids": person_id,
                    "people_ids": person_id,
                    "pins": {"person_id": person_id},
                },
                "$set": {"updated": now},
            },
        )

    async def told(self, booking_id: int, news_id: str) -> None:
        """This news has been handed over to the outbox."""
        await self._collection.update_one({"_id": booking_id}, {"$pull": {"news": {"id": news_id}}})

    async def untold(self, *, before: datetime, by: int | None = None, limit: int = 100) -> list[Booking]:
        """Bookings with news that nobody has passed on since then: a process died in between. `by`: only what
        this person has done."""
        query: dict[str, Any] = {"news.at": {"$lt": before}}
        if by is not None:
            query["news.by"] = by
        cursor = self._collection.find(query).limit(limit)
        return [from_document(found) async for found in cursor]

    async def stale(
        self, states: Many[State], *, before: datetime, now: datetime, limit: int = 200
    ) -> list[Booking]:
        """Bookings that have been in one of these states, untouched, since before then, and of which no
        suggested time is still to come."""
        cursor = self._collection.find(
            {
                "state": {"$in": [state.value for state in states]},
                "kind": {"$in": [kind.value for kind in LAPSING]},
                "updated": {"$lt": before},
                "suggestions.times": {"$not": {"$gt": now}},
            }
        ).limit(limit)
        return [from_document(found) async for found in cursor]

    async def proposed_before(self, moment: datetime, *, limit: int = 200) -> list[Booking]:
        """Bookings that still wait for an answer although their proposed time has come."""
        # The lower bound leaves out those without a proposed time.
        cursor = self._collection.find(
            {"state": State.REQUESTED.value, "starts": {"$gt": EPOCH, "$lte": moment}}
        ).limit(limit)
        return [from_document(found) async for found in cursor]

    async def ended(
        self, kind: Kind, states: Many[State], *, before: datetime, limit: int = 200
    ) -> list[Booking]:
        """Bookings of this kind in one of these states whose agreed time was over before then, the earliest first."""
        query = {
            "kind": kind.value,
            "state": {"$in": [state.value for state in states]},
            "ends": {"$lt": before},
        }
        cursor = self._collection.find(query).sort("ends").limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def history(self, booking_id: int) -> list[News]:
        """Everything that happened to it, the earliest first; nothing for a booking that is not there."""
        found = await self._collection.find_one({"_id": booking_id}, {"history": 1})
        return [news_from(each) for each in (found or {}).get("history", ())]

    async def release_past(self, *, before: datetime) -> int:
        """Free PINs and minutes of held bookings that ended before then, so that PINs do not run out."""
        result = await self._collection.update_many(
            {"pins.hash": {"$gt": ""}, "state": State.HELD.value, "ends": {"$lt": before}},
            {"$unset": {"pins": "", "taken": ""}},
        )
        return int(result.modified_count)

    async def _insert(self, document: dict[str, Any]) -> None:
        await self._guard(self._collection.insert_one(document))

    async def _move(self, query: dict[str, Any], update: dict[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._guard(
            self._collection.find_one_and_update(query, update, return_document=ReturnDocument.AFTER)
        )
        return found


def _clash(error: AlreadyExists) -> Exception:
    return {"taken": TimeTaken(), "open_pair": AlreadyOpen()}.get(error.field, error)
