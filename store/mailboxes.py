"""How messages and notifications are written: numbered so that nobody who has seen one can have missed a lower one.

A number is taken before the document that bears it can be seen, so two writers could show theirs in the other order.
Therefore each person has a mailbox that holds the last number written to him, raised in the same transaction: a
writer whose number has been overtaken finds it too low and takes another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from store import messages, notifications
from store.collection import Collection
from store.numbers import Numbers
from store.transactions import Again, Turns, in_transaction
from thserver.domain.messages import Message, Notification

NUMBERS = "messages"
# So many people are told in one transaction.
TOGETHER = 50

_DUPLICATE_KEY = 11000


class NumbersOnTheWay(Numbers):
    """Numbers that only a transaction will bear: its commit, which comes later, waits for the majority to have both."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._collection = self._collection.with_options(write_concern=WriteConcern(w=1))


class Mailboxes(Collection):
    name = "mailboxes"

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._client = database.client
        self._messages = database[messages.NAME]
        self._notifications = database[notifications.NAME]
        self._numbers = NumbersOnTheWay(database)
        self._turns = Turns()

    async def last(self, person_id: int) -> int:
        """The number of what was written to this person last, 0 if nothing was."""
        found = await self._collection.find_one({"_id": person_id})
        return int(found["last"]) if found else 0

    async def post_message(
        self, message: Message, telling: Callable[[Message], Notification]
    ) -> tuple[Message, Notification]:
        """Write a message and the notification that tells of it, both or neither."""

        async def work(session: AsyncClientSession) -> tuple[Message, Notification]:
            first = await self._numbers.next(NUMBERS, 2)
            posted = dataclasses.replace(message, id=first)
            told = dataclasses.replace(telling(posted), id=first + 1)
            await self._raise(
                session, {message.sender_id: (first, first), message.receiver_id: (first, first + 1)}
            )
            await self._messages.insert_one(messages.to_document(posted), session=session)
            await self._notifications.insert_one(notifications.to_document(told), session=session)
            return posted, told

        async with self._turns.of(message.people_ids):
            return await in_transaction(self._client, work)

    async def post_notifications(self, wanted: Sequence[Notification]) -> list[Notification]:
        """Write those whose key was not written before; each of them once, however many try."""
        posted = []
        for start in range(0, len(wanted), TOGETHER):
            posted += await self._post_together(wanted[start : start + TOGETHER])
        return posted

    async def _post_together(self, wanted: Sequence[Notification]) -> list[Notification]:
        async def work(session: AsyncClientSession) -> list[Notification]:
            keys = [each.key for each in wanted if each.key is not None]
            cursor = self._notifications.find(
                {"key": {"$in": keys, "$gt": ""}}, {"_id": 0, "key": 1}, session=session
            )
            # Whoever writes one of these keys raises the same mailbox, so what is not found cannot come meanwhile.
            known = {found["key"] for found in await cursor.to_list()}
            fresh = [each for each in wanted if each.key not in known]
            if not fresh:
                return []
            first = await self._numbers.next(NUMBERS, len(fresh))
            told = [dataclasses.replace(each, id=first + place) for place, each in enumerate(fresh)]
            spans: dict[int, tuple[int, int]] = {}
            for each in told:
                spans[each.person_id] = (spans.get(each.person_id, (each.id, 0))[0], each.id)
            await self._raise(session, spans)
            await self._notifications.insert_many(
                [notifications.to_document(each) for each in told], session=session
            )
            return told

        async with self._turns.of(each.person_id for each in wanted):
            return await in_transaction(self._client, work)

    async def _raise(self, session: AsyncClientSession, spans: dict[int, tuple[int, int]]) -> None:
        """Raise these people's mailboxes to their last number. Raises Again if one was beyond its first already."""
        raises = [
            UpdateOne({"_id": person_id, "last": {"$lt": first}}, {"$set": {"last": last}}, upsert=True)
            for person_id, (first, last) in sorted(spans.items())
        ]
        try:
            await self._collection.bulk_write(raises, session=session)
        except BulkWriteError as error:
            written = (error.details or {}).get("writeErrors") or [{}]
            if written[0].get("code") != _DUPLICATE_KEY:
                raise
            # It is there, and not below: somebody else's number is higher.
            raise Again from error
