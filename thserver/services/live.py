"""Who is looking right now: the listeners of this process, told of whatever is written by whichever process.

Every process follows the changes of the database; so a listener hears of everything that concerns his person,
in the order of its numbers, whoever wrote it where.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from store.database import Database
from thserver.domain.errors import Throttled, Unavailable
from thserver.domain.messages import Item, ids_named_in
from thserver.metrics import OPEN_SOCKETS, RESYNCS
from thserver.services.following import Listening, look_again_and_again
from thserver.services.request_limits import RequestLimits
from thserver.services.sign_in import SignIn

log = logging.getLogger("thserver.live")

CHECKED_TOGETHER = 1000
MOST_OF_ONE_PERSON = 1000
# What may wait between reading the changes and telling them, and how many are told before others have their turn.
MOST_WAITING = 1000
TOLD_TOGETHER = 200
FIRST_PAUSE_S = 0.1


class TooManyListeners(Throttled):
    """This person has more open sockets than anybody needs."""

    code = "too_many_listeners"


@dataclass(slots=True, eq=False)
class Event:
    """Something new, with the names that it mentions, by id. `frame` is how it goes over the wire, left there by the
    first who has made it for the others."""

    item: Item
    names: Mapping[int, str]
    frame: bytes | None = None

    @property
    def id(self) -> int:
        return self.item.id


class Listener(Protocol):
    person_id: int
    token_hash: str

    def hear(self, event: Event) -> None: ...

    def resync(self) -> None:
        """Something may have been missed: the client must look for itself."""

    def signed_out(self) -> None:
        """The token that it came with is no longer good."""


class Live:
    def __init__(self, *, database: Database, sign_in: SignIn, limits: RequestLimits) -> None:
        self._mailboxes = database.mailboxes
        self._messages = database.messages
        self._notifications = database.notifications
        self._people = database.people
        self._changes = database.changes()
        self._sign_in = sign_in
        self._limits = limits
        self._listeners: dict[int, set[Listener]] = {}
        self._waiting: asyncio.Queue[Item] = asyncio.Queue(MOST_WAITING)
        self._listening = Listening(self._changes)

    async def join(self, listener: Listener) -> None:
        """From now on nothing is missed. Raises TooManyListeners or Unavailable."""
        if len(self._listeners.get(listener.person_id, ())) >= MOST_OF_ONE_PERSON:
            raise TooManyListeners
        of_person = self._listeners.setdefault(listener.person_id, set())
        of_person.add(listener)
        OPEN_SOCKETS.inc()
        try:
            await self._listening.begin(
                hear=self._hear,
                lost=self._resync,
                besides=lambda: (self._tell(), look_again_and_again(self.check_tokens)),
            )
        except Unavailable:
            self.leave(listener)
            raise

    def leave(self, listener: Listener) -> None:
        """Leaving twice is once."""
        of_person = self._listeners.get(listener.person_id, set())
        if listener in of_person:
            of_person.remove(listener)
            OPEN_SOCKETS.dec()
        if not of_person:
            self._listeners.pop(listener.person_id, None)

    def count_message(self, person_id: int) -> None:
        """Count something that this person says over a socket. Raises TooMany."""
        self._limits.count(f"person {person_id}")

    async def last(self, person_id: int) -> int:
        """The number of the last thing that was written to this person."""
        return await self._mailboxes.last(person_id)

    async def after(
        self,
        person_id: int,
        last: int,
        *,
        with_id: int | None,
        messages: bool,
        notifications: bool,
        limit: int,
    ) -> list[Event]:
        """What this person would have been told above that number, in order."""
        # Whatever comes between the two questions is left to the next time, or something below it would be missed.
        until = await self.last(person_id)
        items: list[Item] = []
        if messages:
            items += await self._messages.between(person_id, last, until, with_id=with_id, limit=limit)
        if notifications:
            items += await self._notifications.between(person_id, last, until, limit=limit)
        items = sorted(items, key=lambda each: each.id)[:limit]
        names = await self._names(items)
        return [Event(item, names) for item in items]

    async def check_tokens(self) -> None:
        """Tell those who are not signed in any more."""
        listeners = self._all()
        hashes = sorted({each.token_hash for each in listeners})
        good: set[str] = set()
        for start in range(0, len(hashes), CHECKED_TOGETHER):
            good |= await self._sign_in.still_good(hashes[start : start + CHECKED_TOGETHER])
        for listener in listeners:
            if listener.token_hash not in good:
                listener.signed_out()

    async def close(self) -> None:
        await self._listening.close()

    async def _hear(self, item: Item) -> None:
        if not self._listeners.keys().isdisjoint(item.people_ids):
            await self._waiting.put(item)

    async def _tell(self) -> None:
        while True:
            items = [await self._waiting.get()]
            while not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            try:
                await self._tell_all(items)
            except Exception:
                log.exception("telling what is new failed")
                self._resync()

    async def _tell_all(self, items: Sequence[Item]) -> None:
        told = 0
        names = await self._names_at_last(items)
        for item in items:
            event = Event(item, names)
            for person_id in item.people_ids:
                for listener in tuple(self._listeners.get(person_id, ())):
                    self._say(listener, event)
                    told += 1
                    if told % TOLD_TOGETHER == 0:
                        await asyncio.sleep(0)

    def _say(self, listener: Listener, event: Event) -> None:
        try:
            listener.hear(event)
        except Exception:
            # One listener's trouble is not the others'.
            log.exception("a listener of person %s failed", listener.person_id)

    def _resync(self) -> None:
        RESYNCS.inc()
        for listener in self._all():
            listener.resync()

    def _all(self) -> list[Listener]:
        return [each for of_person in self._listeners.values() for each in of_person]

    async def _names_at_last(self, items: Collection[Item]) -> Mapping[int, str]:
        while True:
            try:
                return await self._names(items)
            except Unavailable:
                await asyncio.sleep(FIRST_PAUSE_S)

    async def _names(self, items: Collection[Item]) -> Mapping[int, str]:
        faces = await self._people.faces({each for item in items for each in ids_named_in(item)})
        return {each: face.full_name for each, face in faces.items()}
