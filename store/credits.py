"""The ledger of credits: entries that are only ever added, in one transaction with the accounts that they change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from store import booking_documents, bookings, credit_accounts, ledger, purchases
from store.collection import Collection, duplicate_field
from store.transactions import LONGEST_S, Turns, in_transaction
from thserver.domain.bookings import Booking
from thserver.domain.credits import (
    SHOWN,
    Account,
    AlreadySettled,
    Entry,
    Kind,
    NotEnoughCredits,
    Purchase,
    PurchaseState,
    money_entry,
)
from thserver.domain.errors import AlreadyExists, TimeTaken, Unavailable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Work = Callable[[AsyncClientSession], Awaitable[None]]


def to_document(entry: Entry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": entry.id,
        "kind": entry.kind.value,
        "person_id": entry.person_id,
        "free": entry.free,
        "held": entry.held,
        "at": entry.at,
    }
    if entry.booking_id is not None:
        document["booking_id"] = entry.booking_id
    if entry.number is not None:
        document["number"] = entry.number
    if entry.kind in SHOWN:
        document["untold"] = entry.at
    return document


def from_document(found: dict[str, Any]) -> Entry:
    return Entry(
        id=found["_id"],
        kind=Kind(found["kind"]),
        person_id=found["person_id"],
        free=found["free"],
        held=found["held"],
        booking_id=found.get("booking_id"),
        number=found.get("number"),
        at=found["at"],
    )


class Credits(Collection):
    """Its writers raise Unavailable when others are at the same accounts for too long: nothing is done then."""

    name = "credit_entries"
    indexes = (
        IndexModel(
            [("person_id", ASCENDING), ("number", ASCENDING)],
            name="of_person",
            partialFilterExpression={"number": {"$gt": 0}},
        ),
        IndexModel("untold", name="untold", partialFilterExpression={"untold": {"$gt": EPOCH}}),
    )

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._client = database.client
        self._accounts = database[credit_accounts.NAME]
        self._bookings = database[bookings.Bookings.name]
        self._purchases = database[purchases.NAME]
        self._money = database[ledger.Ledger.name]
        self._turns = Turns()

    async def open(self, entry: Entry) -> bool:
        """Make the account of somebody who has none, with his first credit. False when he has one."""

        async def work(session: AsyncClientSession) -> None:
            document = {"_id": entry.person_id, "free": entry.free, "holds": [], "updated": entry.at}
            await self._accounts.insert_one(document, session=session)
            await self._collection.insert_one(to_document(entry), session=session)

        try:
            await self._transaction(work, entry.person_id)
        except DuplicateKeyError:
            return False
        return True

    async def hold(self, entry: Entry, booking: Booking) -> None:
        """Hold a credit and make the booking that it is for. Raises NotEnoughCredits or TimeTaken."""

        async def work(session: AsyncClientSession) -> None:
            await self._enter(session, entry, host_id=booking.host_id)
            await self._bookings.insert_one(booking_documents.to_document(booking), session=session)

        try:
            await self._transaction(work, entry.person_id)
        except DuplicateKeyError as error:
            field = duplicate_field(error)
            raise TimeTaken if field == "taken" else AlreadyExists(field) from error

    async def close_hold(self, *entries: Entry) -> None:
        """Give a held credit back, or to whom it is due, with what goes with it.

        Raises AlreadySettled when that has been done, whichever of the two, and NotEnoughCredits.
        """

        async def work(session: AsyncClientSession) -> None:
            # Always in one order, so that two such transactions do not keep each other from ending.
            for entry in sorted(entries, key=lambda each: each.person_id):
                await self._enter(session, entry)

        try:
            await self._transaction(work, *(entry.person_id for entry in entries))
        except DuplicateKeyError as error:
            raise AlreadySettled from error

    async def grant(
        self,
        purchase: Purchase,
        entry: Entry,
        *,
        transaction_id: str,
        payment_id: str | None,
    ) -> bool:
        """The purchase is paid: its credits are there, and both ledgers say so. False when they were before."""
        paid: dict[str, Any] = {
            "state": PurchaseState.COMPLETED.value,
            "transaction_id": transaction_id,
            "updated": entry.at,
        }
        if payment_id is not None:
            paid["payment_id"] = payment_id

        async def work(session: AsyncClientSession) -> None:
            await self._enter(session, entry)
            await self._purchases.update_one(
                {"_id": purchase.id}, {"$set": paid, "$unset": {"next_at": "", "reason": ""}}, session=session
            )
            await self._money.insert_one(ledger.to_document(money_entry(purchase, entry.at)), session=session)

        try:
            await self._transaction(work, entry.person_id)
        except DuplicateKeyError:
            return False
        return True

    async def get(self, entry_id: str) -> Entry | None:
        found = await self._collection.find_one({"_id": entry_id})
        return from_document(found) if found is not None else None

    async def many(self, ids: Iterable[str]) -> list[Entry]:
        """Those of these that there are, the earliest first."""
        cursor = self._collection.find({"_id": {"$in": list(ids)}}).sort("at")
        return [from_document(found) for found in await cursor.to_list()]

    async def of_person(self, person_id: int, *, limit: int) -> list[Entry]:
        """What a person reads of his entries: the last ones, the oldest of them first."""
        cursor = (
            self._collection.find({"person_id": person_id, "number": {"$gt": 0}})
            .sort("number", -1)
            .limit(limit)
        )
        return [from_document(found) for found in reversed(await cursor.to_list())]

    async def told(self, entry_id: str) -> None:
        """Whoever had to hear of this entry has."""
        await self._collection.update_one({"_id": entry_id}, {"$unset": {"untold": ""}})

    async def untold(self, *, before: datetime, limit: int = 200) -> list[Entry]:
        """Entries that nobody has been told of since then."""
        cursor = self._collection.find({"untold": {"$gt": EPOCH, "$lt": before}}).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def everything(self) -> tuple[list[Account], list[Entry]]:
        """All accounts and entries as they were at one moment, however much goes on meanwhile."""
        with pymongo.timeout(None):
            async with self._client.start_session(snapshot=True) as session:
                accounts = [
                    credit_accounts.from_document(found)
                    async for found in self._accounts.find({}, session=session)
                ]
                entries = [from_document(found) async for found in self._collection.find({}, session=session)]
        return accounts, entries

    async def _enter(self, session: AsyncClientSession, entry: Entry, *, host_id: int = 0) -> None:
        """One entry and what it does to its account, if that is possible."""
        query: dict[str, Any] = {"_id": entry.person_id}
        update: dict[str, Any] = {"$inc": {"free": entry.free}, "$set": {"updated": entry.at}}
        if entry.free < 0:
            query["free"] = {"$gte": -entry.free}
        if entry.held > 0:
            hold = {"booking_id": entry.booking_id, "host_id": host_id, "at": entry.at}
            update["$push"] = {"holds": hold}
        elif entry.held < 0:
            query["holds.booking_id"] = entry.booking_id
            update["$pull"] = {"holds": {"booking_id": entry.booking_id}}
        result = await self._accounts.update_one(query, update, session=session)
        if not result.matched_count:
            if entry.held < 0:
                mine = {"_id": entry.person_id, "holds.booking_id": entry.booking_id}
                if await self._accounts.find_one(mine, {"_id": 1}, session=session) is None:
                    raise AlreadySettled
            raise NotEnoughCredits
        await self._collection.insert_one(to_document(entry), session=session)

    async def _transaction(self, work: Work, *people: int) -> None:
        """All of the work or nothing. Raises Unavailable when others are at the same accounts for too long."""
        async with contextlib.AsyncExitStack() as held:
            try:
                async with asyncio.timeout(LONGEST_S):
                    await held.enter_async_context(self._turns.of(people))
            except TimeoutError as error:
                raise Unavailable from error
            await in_transaction(self._client, work)
