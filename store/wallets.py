"""Wallets: what the card company calls a person, the cards he gave, and a host's payout account."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.ports import Card

TEXT = {"$gt": ""}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRecord:
    """`cards` are in the order in which they were given; `default_card` is the one that is charged. `kept` is there
    while something may be kept for a host; it is another one each time something is added to that."""

    person_id: int
    customer_id: str | None = None
    cards: tuple[Card, ...] = ()
    default_card: str | None = None
    payout_account: str | None = None
    payout_ready: bool = False
    kept: str | None = None
    kept_since: datetime | None = None


def from_document(found: dict[str, Any]) -> WalletRecord:
    return WalletRecord(
        person_id=found["_id"],
        customer_id=found.get("customer_id"),
        cards=tuple(_card(each) for each in found.get("cards", ())),
        default_card=found.get("default_card"),
        payout_account=found.get("payout_account"),
        payout_ready=found.get("payout_ready", False),
        kept=found.get("kept"),
        kept_since=found.get("kept_since"),
    )


def _card(found: dict[str, Any]) -> Card:
    return Card(found["id"], found["brand"], found["last4"], found["exp_month"], found["exp_year"])


def card_document(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }


def unique(field: str) -> IndexModel:
    return IndexModel(field, name=field, unique=True, partialFilterExpression={field: TEXT})


class Wallets(Collection):
    name = "wallets"
    indexes = (
        unique("customer_id"),
        unique("cards.id"),
        unique("payout_account"),
        IndexModel("new_card", name="new_card", partialFilterExpression={"new_card": True}),
        IndexModel("kept_next", name="kept_next", partialFilterExpression={"kept_next": {"$gt": EPOCH}}),
        IndexModel("kept_since", name="kept_since", partialFilterExpression={"kept_since": {"$gt": EPOCH}}),
    )

    async def get(self, person_id: int) -> WalletRecord:
        """The wallet; an empty one for somebody who has none yet."""
        found = await self._collection.find_one({"_id": person_id})
        return from_document(found) if found is not None else WalletRecord(person_id=person_id)

    async def give_customer(self, person_id: int, customer_id: str, *, now: datetime) -> str:
        """Keep this customer id unless there is one; the id that is kept."""
        return await self._give(person_id, "customer_id", customer_id, now)

    async def give_payout_account(self, person_id: int, account_id: str, *, now: datetime) -> str:
        """Keep this account id unless there is one; the id that is kept."""
        return await self._give(person_id, "payout_account", account_id, now)

    async def add_card(self, person_id: int, card: Card, *, now: datetime) -> WalletRecord:
        """Keep a card and make it the default; giving the same one again makes it the default again.

        Raises AlreadyExists when somebody else has it.
        """
        others: dict[str, Any] = {
            "$filter": {"input": {"$ifNull": ["$cards", []]}, "cond": {"$ne": ["$$this.id", card.id]}}
        }
        found = await self._collection.find_one_and_update(
            {"_id": person_id},
            [
                {
                    "$set": {
                        "cards": {"$concatArrays": [others, [{"$literal": card_document(card)}]]},
                        "default_card": card.id,
                        "new_card": True,
                        "updated": now,
                    }
                }
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None
        return from_document(found)

    async def remove_card(self, card_id: str, *, now: datetime, person_id: int | None = None) -> bool:
        """Take a card out; the one given last before it becomes the default. False when there is no such card."""
        left: dict[str, Any] = {"$filter": {"input": "$cards", "cond": {"$ne": ["$$this.id", card_id]}}}
        last = {"$ifNull": [{"$arrayElemAt": ["$cards.id", -1]}, "$$REMOVE"]}
        query: dict[str, Any] = {"cards.id": card_id}
        if person_id is not None:
            query["_id"] = person_id
        result = await self._collection.update_one(
            query,
            [
                {"$set": {"cards": left, "updated": now}},
                {
                    "$set": {
                        "default_card": {
                            "$cond": [{"$eq": ["$default_card", card_id]}, last, "$default_card"]
                        }
                    }
                },
            ],
        )
        return bool(result.matched_count)

    async def with_new_card(self, *, limit: int = 100) -> list[WalletRecord]:
        """Wallets whose new card has not been tried on what is unpaid."""
        cursor = self._collection.find({"new_card": True}).limit(limit)
        return [from_document(found) async for found in cursor]

    async def new_card_seen(self, person_id: int, card_id: str) -> None:
        await self._collection.update_one(
            {"_id": person_id, "default_card": card_id}, {"$unset": {"new_card": ""}}
        )

    async def set_payout_ready(self, account_id: str, is_ready: bool, *, now: datetime) -> bool:
        """False when nobody has that account. What is kept for its owner is looked at at once."""
        look = {"$cond": [{"$and": [is_ready, {"$gt": ["$kept", None]}]}, now, "$kept_next"]}
        result = await self._collection.update_one(
            {"payout_account": account_id},
            [{"$set": {"payout_ready": is_ready, "updated": now, "kept_next": look}}],
        )
        return bool(result.matched_count)

    async def something_kept(self, person_id: int, *, at: datetime) -> None:
        """What is kept for this host has changed: it is to be looked at."""
        since = {"$ifNull": ["$kept_since", at]}
        await self._collection.update_one(
            {"_id": person_id},
            [{"$set": {"kept": secrets.token_hex(8), "kept_since": since, "kept_next": at, "updated": at}}],
            upsert=True,
        )

    async def with_kept(self, *, due: datetime | None = None, limit: int = 100) -> list[WalletRecord]:
        """Wallets of hosts for whom something may be kept, the longest first; or those to be looked at by now."""
        field = "kept_since" if due is None else "kept_next"
        query = {"$gt": EPOCH} if due is None else {"$gt": EPOCH, "$lte": due}
        cursor = self._collection.find({field: query}).sort(field).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def look_at_kept(self, person_id: int, kept: str, *, at: datetime) -> None:
        """Look at it again then, unless more has come since."""
        await self._collection.update_one({"_id": person_id, "kept": kept}, {"$set": {"kept_next": at}})

    async def nothing_kept(self, person_id: int, kept: str) -> None:
        """Nothing is left, unless more has come since."""
        await self._collection.update_one(
            {"_id": person_id, "kept": kept}, {"$unset": {"kept": "", "kept_since": "", "kept_next": ""}}
        )

    async def _give(self, person_id: int, field: str, value: str, now: datetime) -> str:
        kept = {"$ifNull": [f"${field}", {"$literal": value}]}
        found = await self._collection.find_one_and_update(
            {"_id": person_id},
            [{"$set": {field: kept, "updated": now}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert found is not None
        return str(found[field])
