"""Whom a person has blocked: they see neither his number nor his picture, and are left out of what they invite to."""

from __future__ import annotations

from collections.abc import Iterable

from store.database import Database
from thserver.domain.contacts import MOST_BLOCKED
from thserver.domain.errors import Invalid
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.domain.visibility import Sight
from thserver.services.visibility import Visibility


class Blacklist:
    def __init__(self, *, database: Database, clock: Clock, visibility: Visibility) -> None:
        self._blacklist = database.blacklist
        self._people = database.people
        self._clock = clock
        self._visibility = visibility

    async def of(self, owner: Person) -> list[Sight]:
        return await self._visibility.seen_by_ids(owner.id, await self._blacklist.of(owner.id))

    async def add(self, owner: Person, person_id: int) -> list[Sight]:
        """The resulting list. Raises Invalid(user=…)."""
        await self._check(owner, person_id)
        if await self._blacklist.count(owner.id) >= MOST_BLOCKED:
            raise Invalid(user="too_many")
        await self._blacklist.put(owner.id, person_id, now=self._clock.now())
        return await self.of(owner)

    async def remove(self, owner: Person, person_id: int) -> list[Sight]:
        """The resulting list; somebody who was not on it changes nothing. Raises Invalid(user=…)."""
        await self._check(owner, person_id)
        await self._blacklist.remove(owner.id, person_id)
        return await self.of(owner)

    async def blockers(self, person_id: int, among: Iterable[int]) -> set[int]:
        """Those of these people who have blocked this person."""
        return await self._blacklist.blockers(person_id, among)

    async def _check(self, owner: Person, person_id: int) -> None:
        if person_id == owner.id:
            raise Invalid(user="oneself")
        person = await self._people.get(person_id)
        if person is None or not person.has_account:
            raise Invalid(user="unknown")
