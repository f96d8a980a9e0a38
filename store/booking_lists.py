"""The bookings of a person, of hosts and of everybody, list by list: for contracts, calendars, sweeps and staff."""

from __future__ import annotations

from collections.abc import Collection as Many
from datetime import UTC, datetime
from typing import Any

from store.booking_documents import from_document
from store.collection import Collection
from thserver.domain.bookings import FIRM, OPEN_STATES, TAKING, Booking, Kind, State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BookingLists(Collection):
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

    async def agreed_between(self, first: datetime, last: datetime, *, limit: int = 1000) -> list[Booking]:
        """Agreed bookings that start within [first, last], the earliest first."""
        cursor = (
            self._collection.find({"state": State.AGREED.value, "starts": {"$gte": first, "$lte": last}})
            .sort("starts")
            .limit(limit)
        )
        return [from_document(found) async for found in cursor]

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
