"""People as staff look them up: by anything that names one, with what there is about him; and who is staff."""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Database
from thserver.domain import ledger, phone_numbers
from thserver.domain.credits import Account
from thserver.domain.errors import Conflict, NotFound
from thserver.domain.heroes import Hero
from thserver.domain.people import Person, normal_email
from thserver.domain.ports import Clock
from thserver.services.sign_in import CONSOLE
from thserver.services.usernames import normal_username

LARGEST_ID = 2**63
MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Found:
    """`more` says that there are others beyond these."""

    people: list[Person]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A person and what he has here."""

    person: Person
    hero: Hero | None
    credits: Account | None
    has_card: bool
    owed_in_cents: int
    due_in_cents: int


class PeopleDesk:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._people = database.people
        self._heroes = database.heroes
        self._accounts = database.credit_accounts
        self._wallets = database.wallets
        self._ledger = database.ledger
        self._clock = clock

    async def find(self, text: str, *, limit: int = MOST_FOUND) -> Found:
        """Whom this id, number, address or username names exactly; else whoever has such a name."""
        text = text.strip()
        named = await self._named_exactly(text) if text else []
        if named:
            return Found(named)
        words = text.split()
        found = await self._people.named(words, limit=limit + 1) if words else []
        return Found(found[:limit], len(found) > limit)

    async def one(self, text: str) -> Person:
        """The only one whom this names. Raises NotFound, or Conflict when several have or want this number."""
        named = await self._named_exactly(text.strip())
        if not named:
            raise NotFound
        if len(named) > 1:
            raise Conflict
        return named[0]

    async def about(self, person_id: int) -> About:
        """Raises NotFound."""
        person = await self._people.get(person_id)
        if person is None:
            raise NotFound
        wallet = await self._wallets.get(person_id)
        return About(
            person=person,
            hero=await self._heroes.of_person(person_id),
            credits=await self._accounts.get(person_id),
            has_card=wallet.default_card is not None,
            owed_in_cents=await self._ledger.balance(ledger.owed(person_id)),
            due_in_cents=-await self._ledger.balance(ledger.due(person_id)),
        )

    async def staff(self) -> list[Person]:
        return await self._people.all_staff()

    async def set_staff(self, person_id: int, *, is_staff: bool) -> Person:
        """Whoever is staff no more is signed out of the console, where his pages may be open. Raises NotFound for
        somebody who is not there or has closed his account."""
        person = await self._people.change(person_id, {"is_staff": is_staff, "updated": self._clock.now()})
        if not is_staff:
            await self._people.end_tokens_of(person_id, CONSOLE)
        return person

    async def _named_exactly(self, text: str) -> list[Person]:
        people = self._people
        found: list[Person | None] = []
        if text.isascii() and text.isdecimal() and int(text) < LARGEST_ID:
            found.append(await people.get(int(text)))
        if "@" in text:
            found.append(await people.with_email(normal_email(text)))
        elif text:
            found.append(await people.with_uuid(text.lower()))
            found.append(await people.with_username(normal_username(text)))
        phone = phone_numbers.parse(text)
        if phone is not None:
            found.append(await people.with_phone(phone))
            found += await people.waiting_for_code(phone, limit=MOST_FOUND)
        return list({person.id: person for person in found if person is not None}.values())
