"""Bookings of every kind: one document each, every change one conditional update."""

from __future__ import annotations

from collections.abc import Collection as Many
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.bookings import (
    LAPSING,
    OPEN_STATES,
    Booking,
    Kind,
    Move,
    News,
    Pin,
    State,
    Suggestion,
    minutes_taken,
)
from thserver.domain.errors import AlreadyExists, AlreadyOpen, TimeTaken, WrongState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stale(WrongState):
    """The booking has changed since it was read."""


# A booking with a start keeps its host's time to itself in these states: a proposed time is already held.
TAKING = frozenset({State.REQUESTED, State.AGREED, State.HELD})
# A booking that is or was firm is in calendars, which take an entry's changes in the order of its sequence.
FIRM = frozenset({State.AGREED, State.HELD, State.MISSED})


def to_document(booking: Booking) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": booking.id,
        "kind": booking.kind.value,
        "host_id": booking.host_id,
        "guest_ids": list(booking.guest_ids),
        "people_ids": list(booking.people_ids),
        "state": booking.state.value,
        "room": booking.room,
        "message": booking.message,
        "minutes": booking.minutes,
        "rate_in_cents": booking.rate_in_cents,
        "suggestions": [suggestion_document(each) for each in booking.suggestions],
        "reason": booking.reason,
        "cancel_reason": booking.cancel_reason,
        "fee_in_cents": booking.fee_in_cents,
        "details": booking.details,
        "sequence": booking.sequence,
        "created": booking.created,
        "updated": booking.updated,
    }
    if booking.pins:
        document["pins"] = [pin_document(each) for each in booking.pins]
    if booking.news:
        document["news"] = [news_document(each) for each in booking.news]
        # What has been told is taken out of the news; what happened stays known.
        document["history"] = document["news"]
    if booking.cancelled_by is not None:
        document["cancelled_by"] = booking.cancelled_by
    if booking.starts is not None:
        document["starts"], document["ends"] = booking.starts, booking.ends
        if booking.state in TAKING:
            document["taken"] = taken(booking.host_id, booking.starts, booking.minutes)
    if booking.state is State.REQUESTED and booking.kind is Kind.CALL:
        document["open_pair"] = open_pair(booking)
    return document


def from_document(found: dict[str, Any]) -> Booking:
    return Booking(
        id=found["_id"],
        kind=Kind(found["kind"]),
        host_id=found["host_id"],
        guest_ids=tuple(found["guest_ids"]),
        state=State(found["state"]),
        room=found["room"],
        message=found["message"],
        minutes=found["minutes"],
        starts=found.get("starts"),
        rate_in_cents=found["rate_in_cents"],
        suggestions=tuple(
            Suggestion(each["person_id"], tuple(each["times"]), each["made"]) for each in found["suggestions"]
        ),
        reason=found["reason"],
        cancel_reason=found["cancel_reason"],
        cancelled_by=found.get("cancelled_by"),
        fee_in_cents=found["fee_in_cents"],
        pins=tuple(Pin(each["person_id"], each["attempt"], each["hash"]) for each in found.get("pins", ())),
        details=found["details"],
        news=tuple(news_from(each) for each in found.get("news", ())),
        sequence=found.get("sequence", 0),
        created=found["created"],
        updated=found["updated"],
    )


def suggestion_document(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "person_id": suggestion.person_id,
        "times": list(suggestion.times),
        "made": suggestion.made,
    }


def news_document(news: News) -> dict[str, Any]:
    document = {"id": news.id, "what": news.what, "by": news.by, "at": news.at}
    return document if news.was is None else {**document, "was": news.was}


def news_from(found: dict[str, Any]) -> News:
    return News(found["id"], found["what"], found.get("by"), found["at"], found.get("was"))


def happened(news: News) -> dict[str, Any]:
    """What is pushed for something that happened: to be told, and to stay known."""
    return {"news": news_document(news), "history": news_document(news)}


def pin_document(pin: Pin) -> dict[str, Any]:
    return {"person_id": pin.person_id, "attempt": pin.attempt, "hash": pin.hash}


def open_pair(booking: Booking) -> str:
    return f"{booking.guest_ids[0]}>{booking.host_id}"


def taken(host_id: int, starts: datetime, minutes: int) -> list[int]:
    """One integer for each minute of this host that is taken, made so that hosts cannot collide."""
    return [host_id << 32 | minute for minute in minutes_taken(starts, minutes)]


class Bookings(Collection):
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

    async def of_person(
        self, person_id: int, *, kind: Kind | None, skip: int, limit: int
    ) -> tuple[int, list[Booking]]:
        """How many bookings this person has a part in, and a page of them, newest first."""
        query: dict[str, Any] = {"people_ids": person_id}
        if kind is not None:
            query["kind"] = kind.value
        count = await self._collection.count_documents(query)
        cursor = self._collection.find(query).sort([("created", -1), ("_id", -1)]).skip(skip).limit(limit)
        return count, [from_document(found) async for found in cursor]

    async def with_start(
        self, person_id: int, kind: Kind, *, before: datetime | None = None, skip: int, limit: int
    ) -> list[Booking]:
        """Bookings of this kind that this person has a part in and that have a time (before then), the latest
        first."""
        starts = {"$gt": EPOCH} if before is None else {"$gt": EPOCH, "$lt": before}
        query = {"people_ids": person_id, "kind": kind.value, "starts": starts}
        cursor = self._collection.find(query).sort([("starts", -1), ("_id", -1)]).skip(skip).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def of_hosts(
        self, host_ids: Many[int], *, after: datetime, before: datetime | None = None
    ) -> list[Booking]:
        """Bookings of these hosts, of every kind and state, that end after then (and start before then)."""
        query: dict[str, Any] = {"people_ids": {"$in": list(host_ids)}, "ends": {"$gt": after}}
        if before is not None:
            query["starts"] = {"$lt": before}
        found = [from_document(each) for each in await self._collection.find(query).to_list()]
        return [booking for booking in found if booking.host_id in host_ids]

    async def taken_times(
        self, host_ids: Many[int], *, after: datetime
    ) -> dict[int, list[tuple[datetime, datetime]]]:
        """By host, the times that are taken by whatever booking and end after then."""
        query = {
            "people_ids": {"$in": list(host_ids)},
            "ends": {"$gt": after},
            "state": {"$in": [state.value for state in TAKING]},
        }
        times: dict[int, list[tuple[datetime, datetime]]] = {}
        async for found in self._collection.find(query, {"host_id": 1, "starts": 1, "ends": 1}):
            times.setdefault(found["host_id"], []).append((found["starts"], found["ends"]))
        return times

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

    async def agreed_between(self, first: datetime, last: datetime, *, limit: int = 1000) -> list[Booking]:
        """Agreed bookings that start within [first, last], the earliest first."""
        cursor = (
            self._collection.find({"state": State.AGREED.value, "starts": {"$gte": first, "$lte": last}})
            .sort("starts")
            .limit(limit)
        )
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

    async def latest_of_person(
        self,
        person_id: int,
        kind: Kind,
        *,
        states: Many[State] | None = None,
        as_host: bool | None = None,
        limit: int,
    ) -> list[Booking]:
        """The newest bookings that this person has a part in, with the filters applied, the oldest of them first."""
        query: dict[str, Any] = {"people_ids": person_id, "kind": kind.value}
        if states is not None:
            query["state"] = {"$in": [state.value for state in states]}
        if as_host is not None:
            query["host_id" if as_host else "guest_ids"] = person_id
        cursor = self._collection.find(query).sort([("created", -1), ("_id", -1)]).limit(limit)
        return [from_document(found) for found in reversed(await cursor.to_list())]

    async def in_calendar(
        self, person_id: int, *, after: datetime, before: datetime, cancelled_since: datetime, limit: int
    ) -> list[Booking]:
        """Firm bookings of every kind that this person has a part in and that end in this span, the earliest first;
        those that were firm once and have been cancelled only if that was since then."""
        query = {
            "people_ids": person_id,
            "ends": {"$gte": after, "$lte": before},
            "$or": [
                {"state": {"$in": [state.value for state in FIRM]}},
                {
                    "state": State.CANCELLED.value,
                    "sequence": {"$gt": 0},
                    "updated": {"$gte": cancelled_since},
                },
            ],
        }
        cursor = self._collection.find(query).sort("ends").limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def history(self, booking_id: int) -> list[News]:
        """Everything that happened to it, the earliest first; nothing for a booking that is not there."""
        found = await self._collection.find_one({"_id": booking_id}, {"history": 1})
        return [news_from(each) for each in (found or {}).get("history", ())]

    async def newest(
        self,
        *,
        states: Many[State] = (),
        kinds: Many[Kind] = (),
        person_id: int | None = None,
        room: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[Booking]:
        """Bookings of everybody below that number, the newest first; of every state and kind when none is named."""
        query: dict[str, Any] = {
            # All of them are named so that the index serves.
            "state": {"$in": [state.value for state in states or State]},
            "kind": {"$in": [kind.value for kind in kinds or Kind]},
        }
        if person_id is not None:
            query["people_ids"] = person_id
        if room is not None:
            query["room"] = room
        if before is not None:
            query["_id"] = {"$lt": before}
        index = "newest" if person_id is None and room is None else "newest_of_person" if room is None else "newest_of_room"  # fmt: skip
        cursor = self._collection.find(query).sort("_id", -1).hint(index).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def that_start(
        self,
        first: datetime,
        last: datetime,
        *,
        states: Many[State] = (),
        kinds: Many[Kind] = (),
        person_id: int | None = None,
        room: str | None = None,
        skip: int,
        limit: int,
    ) -> list[Booking]:
        """Bookings of everybody that start within [first, last), the latest start first."""
        query: dict[str, Any] = {
            "state": {"$in": [state.value for state in states or State]},
            "starts": {"$gte": first, "$lt": last},
        }
        if kinds:
            query["kind"] = {"$in": [kind.value for kind in kinds]}
        if person_id is not None:
            query["people_ids"] = person_id
        if room is not None:
            query["room"] = room
        cursor = self._collection.find(query).sort("starts", -1).hint("by_start").skip(skip).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def release_past(self, *, before: datetime) -> int:
        """Free PINs and minutes of held bookings that ended before then, so that PINs do not run out."""
        result = await self._collection.update_many(
            {"pins.hash": {"$gt": ""}, "state": State.HELD.value, "ends": {"$lt": before}},
            {"$unset": {"pins": "", "taken": ""}},
        )
        return int(result.modified_count)

    async def open_of_person(self, person_id: int) -> list[Booking]:
        cursor = self._collection.find(
            {"people_ids": person_id, "state": {"$in": [state.value for state in OPEN_STATES]}}
        )
        return [from_document(found) async for found in cursor]

    async def agreed_of_people(
        self, person_ids: Many[int], *, over_since: datetime, limit: int
    ) -> list[Booking]:
        """Bookings that any of these people has a part in, agreed or held, and not over by then; the earliest first."""
        query = {
            "people_ids": {"$in": list(person_ids)},
            "ends": {"$gt": over_since},
            "state": {"$in": [State.AGREED.value, State.HELD.value]},
        }
        cursor = self._collection.find(query).sort([("starts", 1), ("_id", 1)]).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def _insert(self, document: dict[str, Any]) -> None:
        await self._guard(self._collection.insert_one(document))

    async def _move(self, query: dict[str, Any], update: dict[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._guard(
            self._collection.find_one_and_update(query, update, return_document=ReturnDocument.AFTER)
        )
        return found


def _clash(error: AlreadyExists) -> Exception:
    return {"taken": TimeTaken(), "open_pair": AlreadyOpen()}.get(error.field, error)
