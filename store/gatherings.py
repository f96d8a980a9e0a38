"""Gatherings among the bookings: their people change, their king may be another, and at last they are completed.

Every change of a gathering's people is one update of what was seen: `details.version` says what that was.
"""

from __future__ import annotations

from collections.abc import Collection as Many
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from store.booking_documents import from_document, happened, pin_document, taken
from store.bookings import Stale
from store.collection import Collection
from thserver.domain.bookings import FIRM, Booking, Kind, News, Pin, State
from thserver.domain.errors import AlreadyExists, TimeTaken
from thserver.domain.gatherings import Gathering, gathering_from

KIND = Kind.GATHERING.value
NOT_COMPLETED = {"details.completed": False}
# Long lists feel whatever is fetched beside this.
SHOWN = dict.fromkeys(("host_id", "people_ids", "starts", "created", "details"), 1)


class Gatherings(Collection):
    """Asks and changes the bookings of this kind; the collection's indexes are with `Bookings`."""

    name = "bookings"

    async def get(self, booking_id: int, person_id: int) -> Booking | None:
        """The gathering, if this person is in it."""
        found = await self._collection.find_one({"_id": booking_id, "kind": KIND, "people_ids": person_id})
        return from_document(found) if found is not None else None

    async def of_person(self, person_id: int, *, with_completed: bool, limit: int) -> list[Gathering]:
        """The person's gatherings, the newest first, without what is not shown of them."""
        query: dict[str, Any] = {"people_ids": person_id, "kind": KIND}
        if not with_completed:
            query |= NOT_COMPLETED
        cursor = self._collection.find(query, SHOWN).sort([("created", -1), ("_id", -1)]).limit(limit)
        return [_shown(found) for found in await cursor.to_list()]

    async def members(self, booking_id: int) -> tuple[str, frozenset[int]] | None:
        """The room and the ids of everybody in it now; None for what is no gathering."""
        found = await self._collection.find_one(
            {"_id": booking_id, "kind": KIND}, {"room": 1, "people_ids": 1}
        )
        return (found["room"], frozenset(found["people_ids"])) if found is not None else None

    async def invite(
        self, booking: Booking, person_id: int, *, pin: Pin | None, news: News, now: datetime
    ) -> Booking:
        """Let somebody in, with his PIN where the others have one.

        Raises Stale, or AlreadyExists("pins.hash") for a PIN in use.
        """
        pushed: dict[str, Any] = {
            "guest_ids": person_id,
            "people_ids": person_id,
            **happened(news),
        }
        if pin is not None:
            pushed["pins"] = pin_document(pin)
        return await self._change(booking, {"$push": pushed}, now=now)

    async def let_go(self, booking: Booking, person_id: int, *, news: News | None, now: datetime) -> Booking:
        """One of the guests is out, and with him his PIN. Raises Stale."""
        pulled = {"guest_ids": person_id, "people_ids": person_id, "pins": {"person_id": person_id}}
        return await self._change(booking, {"$pull": pulled, **_told(news)}, now=now)

    async def set_time(
        self, booking: Booking, starts: datetime, *, pins: Many[Pin], news: News, now: datetime
    ) -> Booking:
        """It is firm for this time. Raises Stale, TimeTaken when the king hosts another call then, or
        AlreadyExists("pins.hash") for a PIN in use."""
        settled = {
            "state": State.AGREED.value,
            "starts": starts,
            "ends": starts + timedelta(minutes=booking.minutes),
            "taken": taken(booking.host_id, starts, booking.minutes),
            "pins": [pin_document(each) for each in pins],
        }
        return await self._change(booking, {"$set": settled, **_told(news)}, now=now)

    async def crown(
        self,
        booking: Booking,
        heir_id: int,
        *,
        room: str,
        later: bool,
        holds_time: bool,
        news: News | None,
        now: datetime,
    ) -> Booking:
        """The king is out, and one of the guests is king in his place: his time is taken from now on, unless it is
        not to be (`holds_time`), and his room is the gathering's: at once, or `later`, when the call is over.

        Raises Stale, or TimeTaken when the heir hosts another call then.
        """
        guest_ids = [each for each in booking.guest_ids if each != heir_id]
        settled: dict[str, Any] = {
            "host_id": heir_id,
            "guest_ids": guest_ids,
            "people_ids": [heir_id, *guest_ids],
            "details.next_room" if later else "room": room,
        }
        gone = {}
        if holds_time:
            assert booking.starts is not None, "only a time that was said can be held"
            settled["taken"] = taken(heir_id, booking.starts, booking.minutes)
        else:
            gone["taken"] = ""
        if not later:
            gone["details.next_room"] = ""
        update: dict[str, Any] = {
            "$set": settled,
            "$pull": {"pins": {"person_id": booking.host_id}},
            **_told(news),
        }
        if gone:
            update["$unset"] = gone
        return await self._change(booking, update, now=now)

    async def give_up(self, booking: Booking, *, now: datetime) -> Booking:
        """The last one is out: nobody finds it any more, but the calls that there were keep their booking.
        Raises Stale."""
        settled = {"state": State.CANCELLED.value, "guest_ids": [], "people_ids": []}
        gone = dict.fromkeys(("taken", "pins", "details.logo", "details.next_room"), "")
        return await self._change(booking, {"$set": settled, "$unset": gone}, now=now)

    async def complete(
        self, booking: Booking, state: State, minutes: int, *, news: News | None, now: datetime
    ) -> Booking:
        """The king calls it completed. What is left of his time is his own again. Raises Stale."""
        settled: dict[str, Any] = {"details.completed": True, "state": state.value, "minutes": minutes}
        if booking.starts is not None:
            settled["ends"] = booking.starts + timedelta(minutes=minutes)
        gone = {"taken": ""} if state is State.HELD else {"taken": "", "pins": ""}
        return await self._change(booking, {"$set": settled, "$unset": gone, **_told(news)}, now=now)

    async def take_next_room(self, booking_id: int) -> None:
        """The call is over: the gathering's room is that of the present king from now on."""
        await self._collection.update_one(
            {"_id": booking_id, "details.next_room": {"$gt": ""}},
            [{"$set": {"room": "$details.next_room"}}, {"$unset": "details.next_room"}],
        )

    async def logos_in_use(self, image_ids: Many[str]) -> set[str]:
        """Those of these pictures that are some gathering's logo."""
        query = {"details.logo": {"$in": list(image_ids), "$gt": ""}}
        cursor = self._collection.find(query, {"details.logo": 1})
        return {found["details"]["logo"] for found in await cursor.to_list()}

    async def _change(self, booking: Booking, update: dict[str, Any], *, now: datetime) -> Booking:
        """Make the change if the gathering is still as it was read."""
        settled = {**update.get("$set", {}), "updated": now}
        counted = {"details.version": 1}
        if booking.state in FIRM or settled.get("state") == State.AGREED.value:
            counted["sequence"] = 1
        seen = {
            "_id": booking.id,
            "kind": KIND,
            "state": booking.state.value,
            "details.version": booking.details["version"],
            "details.completed": booking.details["completed"],
        }
        try:
            found: dict[str, Any] | None = await self._guard(
                self._collection.find_one_and_update(
                    seen,
                    {**update, "$set": settled, "$inc": counted},
                    return_document=ReturnDocument.AFTER,
                )
            )
        except AlreadyExists as error:
            raise (TimeTaken() if error.field == "taken" else error) from error
        if found is None:
            raise Stale
        return from_document(found)


def _told(news: News | None) -> dict[str, Any]:
    return {"$push": happened(news)} if news is not None else {}


def _shown(found: dict[str, Any]) -> Gathering:
    return gathering_from(
        found["details"],
        id=found["_id"],
        king_id=found["host_id"],
        member_ids=found["people_ids"],
        starts=found.get("starts"),
        created=found["created"],
    )
