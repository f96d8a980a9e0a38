"""Bookings page by page, each with its conferences and charges: for counting again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.asynchronous.database import AsyncDatabase

from store import booking_documents, bookings, charge_documents, conferences
from store.charges import Charges
from store.collection import Collection
from thserver.domain.bookings import Booking
from thserver.domain.charges import Charge
from thserver.domain.conferences import Conference


@dataclass(frozen=True, slots=True)
class BookingPage:
    """`last` is where the next page goes on; None after the last one. Conferences and charges may belong to a booking
    that is not there."""

    bookings: dict[int, Booking]
    conferences: list[Conference]
    charges: list[Charge]
    last: int | None


class BookingPages(Collection):
    """Asks bookings, conferences and charges; keeps nothing of its own."""

    name = bookings.Bookings.name

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._conferences = database[conferences.Conferences.name]
        self._charges = database[Charges.name]

    async def count(self) -> int:
        """About how many bookings there are."""
        return int(await self._collection.estimated_document_count())

    async def after(self, last: int | None, *, limit: int = 500) -> BookingPage:
        """The next bookings by their numbers, the oldest first."""
        with pymongo.timeout(None):
            above: dict[str, Any] = {"$gt": last} if last is not None else {"$gte": -(2**63)}
            found = await self._collection.find({"_id": above}).sort("_id").limit(limit).to_list()
            is_last = len(found) < limit
            # Up to the next page, so that what belongs to no booking at all is found, too.
            among = above if is_last else {**above, "$lte": found[-1]["_id"]}
            conference_rows = await self._conferences.find({"booking_id": among}).to_list()
            charge_rows = await self._charges.find({"booking_id": among}).to_list()
        return BookingPage(
            bookings={each["_id"]: booking_documents.from_document(each) for each in found},
            conferences=[conferences.from_document(each) for each in conference_rows],
            charges=[charge_documents.from_document(each) for each in charge_rows],
            last=None if is_last else found[-1]["_id"],
        )
