"""A person's contacts, kept by number, and whom he has blocked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from store.database import Database
from thserver.domain import contacts as rules
from thserver.domain import phone_numbers
from thserver.domain.errors import Invalid
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.domain.visibility import Sight
from thserver.services.visibility import Visibility

# Reading a number takes some 20 µs; after so many others get their turn.
NUMBERS_AT_A_TIME = 100


class Contacts:
    def __init__(self, *, database: Database, clock: Clock, visibility: Visibility) -> None:
        self._contacts = database.contacts
        self._people = database.people
        self._clock = clock
        self._visibility = visibility

    async def of(self, owner: Person) -> list[Sight]:
        """The people here whose number the owner has."""
        return await self._with_phones(owner, await self._contacts.phones_of(owner.id))

    async def add(self, owner: Person, *, names: Sequence[str], phones: Sequence[str]) -> list[Sight]:
        """Take these numbers into the owner's contacts; the people here who have them come back.

        `phones` are as they were typed, in the international form. Raises Invalid, and nothing is kept then.
        """
        numbers = await self._read(phones)
        rules.check_import(names, numbers, own=owner.phone)
        if await self._contacts.count(owner.id) + len(numbers) > rules.MOST_KEPT:
            raise Invalid(phones="too_many")
        await self._contacts.put(owner.id, dict(zip(numbers, names, strict=True)), now=self._clock.now())
        return await self._with_phones(owner, numbers)

    async def remove(self, owner: Person, *, phones: Sequence[str]) -> list[Sight]:
        """The people who are left. Raises Invalid."""
        if not phones:
            raise Invalid(phones="empty_list")
        await self._contacts.remove(owner.id, await self._read(phones))
        return await self.of(owner)

    async def _with_phones(self, owner: Person, phones: Sequence[str]) -> list[Sight]:
        people = await self._people.with_phones(phones) if phones else []
        return await self._visibility.seen(owner.id, [person for person in people if person.id != owner.id])

    async def _read(self, phones: Sequence[str]) -> list[str]:
        """As E.164. An address book of thousands must not hold up the others."""
        if len(phones) > rules.MOST_AT_ONCE:
            raise Invalid(phones="too_many")
        numbers = []
        for start in range(0, len(phones), NUMBERS_AT_A_TIME):
            for text in phones[start : start + NUMBERS_AT_A_TIME]:
                number = phone_numbers.parse(text, region=None)
                if number is None:
                    raise Invalid(phones="not_a_number")
                numbers.append(number)
            await asyncio.sleep(0)
        return numbers
