"""People as one viewer sees them, in two queries, however many they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from store.database import Database
from thserver.domain.people import Person
from thserver.domain.visibility import Relation, Sight, sight


class Visibility:
    def __init__(self, *, database: Database) -> None:
        self._people = database.people
        self._contacts = database.contacts
        self._blacklist = database.blacklist

    async def seen(self, viewer_id: int, people: Sequence[Person]) -> list[Sight]:
        """These people in this order, without those who have no account (any more)."""
        there = [person for person in people if person.has_account]
        phones = [person.phone for person in there if person.phone is not None]
        known = await self._contacts.known(viewer_id, phones) if phones else set()
        blockers = await self._blacklist.blockers(viewer_id, [person.id for person in there]) if there else ()
        return [
            sight(viewer_id, person, Relation(person.phone in known, person.id in blockers))
            for person in there
        ]

    async def seen_by_ids(self, viewer_id: int, ids: Iterable[int]) -> list[Sight]:
        """These people in this order, each once; unknown ids are left out."""
        wanted = list(dict.fromkeys(ids))
        found = await self._people.many(wanted)
        return await self.seen(viewer_id, [found[each] for each in wanted if each in found])
