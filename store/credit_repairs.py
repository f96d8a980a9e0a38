"""Putting a credit account right by its entries, which are the truth: the account is only what they come to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from store import credit_accounts
from store.collection import Collection
from store.credits import Credits
from store.transactions import in_transaction


class CreditRepairs(Collection):
    name = credit_accounts.NAME

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._client = database.client
        self._entries = database[Credits.name]

    async def by_entries(self, person_id: int, *, now: datetime) -> tuple[int, int] | None:
        """Let the free credits be what the entries come to: how many there were, and are. None where that is so
        already, where there is no account, or where the entries come to less than nothing, which nobody can hold."""

        async def work(session: AsyncClientSession) -> tuple[int, int] | None:
            account = await self._collection.find_one({"_id": person_id}, session=session)
            if account is None:
                return None
            counted = 0
            async for entry in self._entries.find({"person_id": person_id}, {"free": 1}, session=session):
                counted += entry["free"]
            if counted < 0 or counted == account["free"]:
                return None
            await self._collection.update_one(
                {"_id": person_id}, {"$set": {"free": counted, "updated": now}}, session=session
            )
            return account["free"], counted

        return await in_transaction(self._client, work)
