"""Charges: one document each, with its attempts, refunds and untold news inside, so that one update decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from store.charge_documents import attempt_document, from_document, to_document
from store.charge_refunds import RefundsOfCharges
from store.collection import translated
from thserver.domain.charges import (
    FINAL,
    UNPAID,
    WORKABLE,
    Attempt,
    Charge,
    Result,
    State,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORKABLE_VALUES = [state.value for state in sorted(WORKABLE)]


class Charges(RefundsOfCharges):
    name = "charges"
    indexes = (
        # The id is the key of what is charged for; this says the same of conferences, whatever the id.
        IndexModel(
            "conference_sid",
            name="conference_sid",
            unique=True,
            partialFilterExpression={"conference_sid": {"$gt": ""}},
        ),
        # A charge that is too small is collected with one other charge only.
        IndexModel("carries", name="carries", unique=True, partialFilterExpression={"carries": {"$gt": ""}}),
        # Money that was taken pays for one charge only.
        IndexModel(
            "payment_id", name="payment_id", unique=True, partialFilterExpression={"payment_id": {"$gt": ""}}
        ),
        IndexModel([("payer_id", ASCENDING), ("created", DESCENDING), ("_id", DESCENDING)], name="of_payer"),
        IndexModel([("payer_id", ASCENDING), ("state", ASCENDING)], name="of_payer_by_state"),
        IndexModel([("booking_id", ASCENDING), ("created", ASCENDING)], name="of_booking"),
        IndexModel([("state", ASCENDING), ("updated", DESCENDING)], name="in_state"),
        IndexModel(
            [("refunds.made", DESCENDING)],
            name="refunded",
            partialFilterExpression={"refunds.made": {"$gt": EPOCH}},
        ),
        IndexModel("next_at", name="next_at", partialFilterExpression={"next_at": {"$gt": EPOCH}}),
        IndexModel("news.at", name="untold", partialFilterExpression={"news.at": {"$gt": EPOCH}}),
        IndexModel("refunds.made", name="refunding", partialFilterExpression={"refunds.is_open": True}),
    )

    async def add(self, charge: Charge) -> None:
        """Raises AlreadyExists for what has been charged before."""
        await self._collection.insert_one(to_document(charge))

    async def get(self, charge_id: str) -> Charge | None:
        found = await self._collection.find_one({"_id": charge_id})
        return from_document(found) if found is not None else None

    async def with_payment(self, payment_id: str) -> Charge | None:
        found = await self._collection.find_one({"payment_id": payment_id})
        return from_document(found) if found is not None else None

    async def many(self, ids: Sequence[str]) -> list[Charge]:
        cursor = self._collection.find({"_id": {"$in": list(ids)}}).sort("_id")
        return [from_document(found) async for found in cursor]

    async def of_booking(self, booking_id: int) -> list[Charge]:
        cursor = self._collection.find({"booking_id": booking_id}).sort("created")
        return [from_document(found) async for found in cursor]

    async def of_payer(self, person_id: int, *, skip: int, limit: int) -> tuple[int, list[Charge]]:
        """How many charges this person has, and a page of them, the newest first."""
        query = {"payer_id": person_id}
        count = await self._collection.count_documents(query)
        cursor = self._collection.find(query).sort([("created", -1), ("_id", -1)]).skip(skip).limit(limit)
        return count, [from_document(found) async for found in cursor]

    async def in_states(self, states: Iterable[State], *, limit: int) -> list[Charge]:
        """Charges in these states, those that changed last first."""
        query = {"state": {"$in": [state.value for state in states]}}
        cursor = self._collection.find(query).sort("updated", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def refunded(self, *, limit: int) -> list[Charge]:
        """Charges with refunds, whatever became of these, the latest refund first."""
        cursor = self._collection.find({"refunds.made": {"$gt": EPOCH}}).sort("refunds.made", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def too_small(self, person_id: int) -> list[Charge]:
        """Charges of this person that wait for another one, the oldest first."""
        cursor = self._collection.find({"payer_id": person_id, "state": State.CARRIED.value})
        waiting = sorted([from_document(found) async for found in cursor], key=lambda each: each.created)
        taken = self._collection.find({"carries": {"$in": [each.id for each in waiting]}}, {"carries": 1})
        gone = {charge_id async for found in taken for charge_id in found["carries"]}
        return [each for each in waiting if each.id not in gone]

    # Attempts.

    async def ready(self, now: datetime, *, limit: int = 100) -> list[str]:
        """The ids of charges that something is to be done about now, the longest waiting first."""
        cursor = (
            self._collection.find({"next_at": {"$gt": EPOCH, "$lte": now}}, {"_id": 1})
            .sort("next_at")
            .limit(limit)
        )
        return [found["_id"] async for found in cursor]

    async def claim(self, charge_id: str, token: str, *, now: datetime, until: datetime) -> Charge | None:
        """Work on it until then, if nobody else does. None when somebody does or nothing is to be done."""
        return await self._one_updated(
            {"_id": charge_id, "state": {"$in": WORKABLE_VALUES}, "next_at": {"$lte": now}},
            {"$set": {"lease": token, "next_at": until}},
        )

    async def begin(
        self, charge_id: str, token: str, attempt: Attempt, *, carries: Sequence[Charge], now: datetime
    ) -> Charge | None:
        """Write the next attempt down, if the claim still holds and every earlier attempt surely failed.

        `carries` are collected with the first attempt. Raises AlreadyExists("carries") when one is taken.
        """
        changes: dict[str, Any] = {"state": State.CHARGING.value, "updated": now}
        if carries:
            changes["carries"] = [each.id for each in carries]
            changes["carried_in_cents"] = sum(each.amount_in_cents for each in carries)
        return await self._one_updated(
            {
                "_id": charge_id,
                "lease": token,
                "state": {"$in": WORKABLE_VALUES},
                "attempts": {"$size": attempt.number - 1},
                "attempts.result": {"$nin": [Result.OPEN.value, Result.SUCCEEDED.value]},
            },
            {
                "$set": changes,
                "$push": {"attempts": attempt_document(attempt)},
                "$inc": {"tries": 1},
                "$unset": {"reason": ""},
            },
        )

    async def park(self, charge_id: str, token: str, *, now: datetime) -> bool:
        """Too little for the card company: it waits for the person's next charge."""
        return await self._updated(
            {"_id": charge_id, "lease": token, "state": State.DUE.value, "attempts": {"$size": 0}},
            {
                "$set": {"state": State.CARRIED.value, "updated": now},
                "$unset": {"next_at": "", "lease": ""},
                "$push": {"news": {"id": "carried", "at": now}},
            },
        )

    async def succeed(
        self, charge_id: str, number: int, *, payment_id: str, payout_account: str | None, now: datetime
    ) -> bool:
        """This attempt took the money, whoever finds out. False when the charge is paid already.

        Raises AlreadyExists("payment_id") when that money pays for another charge.
        """
        changes = {
            "state": State.SUCCEEDED.value,
            "payment_id": payment_id,
            "payout_account": payout_account,
            "attempts.$.result": Result.SUCCEEDED.value,
            "updated": now,
        }
        return await self._updated(
            {
                "_id": charge_id,
                "state": {"$nin": [state.value for state in FINAL]},
                "attempts": {"$elemMatch": {"number": number}},
            },
            {
                "$set": changes,
                "$unset": {"next_at": "", "lease": "", "reason": ""},
                "$push": {"news": {"id": "paid", "at": now}},
            },
        )

    async def fail(
        self,
        charge_id: str,
        number: int,
        *,
        state: State,
        reason: str,
        next_at: datetime | None,
        now: datetime,
    ) -> bool:
        """This attempt surely took nothing. False when its end is known already."""
        return await self._updated(
            {
                "_id": charge_id,
                "state": {"$nin": [each.value for each in FINAL]},
                "attempts": {"$elemMatch": {"number": number, "result": Result.OPEN.value}},
            },
            _unpaid(
                state,
                reason=reason,
                next_at=next_at,
                news_id=f"{state.value}:{number}",
                now=now,
                more={"attempts.$.result": Result.FAILED.value, "attempts.$.reason": reason},
            ),
        )

    async def no_card(
        self, charge_id: str, token: str, *, state: State, tries: int, next_at: datetime | None, now: datetime
    ) -> bool:
        """There is no card to try: as good as declined, without an attempt."""
        update = _unpaid(state, reason="no_card", next_at=next_at, news_id=f"no_card:{tries}", now=now)
        return await self._updated(
            {"_id": charge_id, "lease": token, "state": {"$in": WORKABLE_VALUES}},
            {**update, "$inc": {"tries": 1}},
        )

    async def postpone(
        self, charge_id: str, token: str, *, state: State, reason: str | None, until: datetime, now: datetime
    ) -> bool:
        """The open attempt is repeated later; only whoever holds the claim may say so."""
        return await self._updated(
            {"_id": charge_id, "lease": token, "state": {"$in": WORKABLE_VALUES}},
            {
                "$set": {"state": state.value, "reason": reason, "next_at": until, "updated": now},
                "$unset": {"lease": ""},
            },
        )

    async def try_again(self, person_id: int, *, now: datetime) -> int:
        """A new card: whatever is unpaid is tried again now, also what had been given up. How many."""
        result = await self._collection.update_many(
            {"payer_id": person_id, "state": {"$in": [state.value for state in sorted(UNPAID)]}},
            {"$set": {"state": State.DECLINED.value, "next_at": now, "tries": 0, "updated": now}},
        )
        return int(result.modified_count)

    async def paid_with(self, charge_ids: Sequence[str], other_id: str, *, now: datetime) -> None:
        """These were collected with that other charge."""
        await self._collection.update_many(
            {"_id": {"$in": list(charge_ids)}, "state": State.CARRIED.value},
            {"$set": {"state": State.SUCCEEDED.value, "paid_with": other_id, "updated": now}},
        )

    # News.

    async def untold(self, *, before: datetime, limit: int = 100) -> list[str]:
        """Charges with news from before then that nobody has passed on."""
        cursor = self._collection.find({"news.at": {"$gt": EPOCH, "$lte": before}}, {"_id": 1}).limit(limit)
        return [found["_id"] async for found in cursor]

    async def told(self, charge_id: str, news_id: str) -> None:
        await self._collection.update_one({"_id": charge_id}, {"$pull": {"news": {"id": news_id}}})
        await self._collection.update_one({"_id": charge_id, "news": {"$size": 0}}, {"$unset": {"news": ""}})

    async def everything(self) -> AsyncIterator[Charge]:
        """Every charge there is, for the recount."""
        try:
            async for found in self._collection.find({}):
                yield from_document(found)
        except PyMongoError as error:
            raise translated(error) from error

    async def count(self, state: State, *, before: datetime) -> int:
        """How many have been in this state, untouched, since before then: for the drift alarm."""
        return int(await self._collection.count_documents({"state": state.value, "updated": {"$lt": before}}))


def _unpaid(
    state: State,
    *,
    reason: str,
    next_at: datetime | None,
    news_id: str,
    now: datetime,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    settled: dict[str, Any] = {"state": state.value, "reason": reason, "updated": now, **(more or {})}
    gone = {"lease": ""}
    if next_at is not None:
        settled["next_at"] = next_at
    else:
        gone["next_at"] = ""
    return {"$set": settled, "$unset": gone, "$push": {"news": {"id": news_id, "at": now}}}
