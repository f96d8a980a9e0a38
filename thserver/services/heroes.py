"""Heroes: applying, what they offer, staff's decision about them, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from store.database import Database
from thserver.domain import codes
from thserver.domain.errors import AlreadyExists, Invalid, NotFound, NotVerified
from thserver.domain.heroes import Hero, ToTell, check_offer
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.outbox import Outbox

LEFT_OVER_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a staff member has decided about a hero."""

    by: Person
    hero: Hero
    at: datetime


class Heroes:
    def __init__(
        self, *, database: Database, clock: Clock, background: Background, outbox: Outbox, web_domain: str
    ) -> None:
        self._heroes = database.heroes
        self._people = database.people
        self._numbers = database.numbers
        self._clock = clock
        self._background = background
        self._outbox = outbox
        self._web_domain = web_domain

    async def apply(self, person: Person, offer: dict[str, Any]) -> Hero:
        """Raises NotVerified, Invalid, or AlreadyExists for whoever has applied before."""
        if not (person.email_verified and person.phone_verified):
            raise NotVerified
        check_offer(offer)
        if await self._heroes.of_person(person.id) is not None:
            raise AlreadyExists("hero")
        slug = await self._people.give_slug(person.id, person.full_name)
        now = self._clock.now()
        hero = Hero(
            id=await self._numbers.next("heroes"),
            person_id=person.id,
            name=person.full_name,
            slug=slug,
            person_active=person.is_active,
            created=now,
            updated=now,
            **offer,
        )
        to_tell = ToTell(codes.new_token(), "applied", now)
        await self._heroes.add(hero, to_tell=to_tell)
        # The person may have been changed since he was read.
        await self.follow_person(person.id)
        self._tell_soon(hero.id, to_tell)
        return hero

    async def of_person(self, person_id: int) -> Hero:
        """Raises NotFound for whoever has not applied."""
        hero = await self._heroes.of_person(person_id)
        if hero is None:
            raise NotFound
        return hero

    async def change(self, person: Person, changes: dict[str, Any]) -> Hero:
        """Change what a person offers. Raises Invalid, or NotFound for whoever has not applied."""
        check_offer(changes)
        hero = await self.of_person(person.id)
        return await self._heroes.change(hero.id, changes, now=self._clock.now()) if changes else hero

    async def decide(self, staff: Person, reference: int | str, *, accepted: bool) -> Decision:
        """Accept or decline, as often as staff changes its mind; the hero gets a letter at each change.

        `reference` is the hero's number or his person's UUID. Raises Invalid when there is no such hero.
        """
        hero = await self._find(reference)
        if hero is None:
            raise Invalid(hero_id="unknown")
        now = self._clock.now()
        to_tell = None
        if accepted != hero.accepted or not hero.decided:
            to_tell = ToTell(codes.new_token(), "accepted" if accepted else "declined", now)
        changes = {"accepted": accepted, "decided": True}
        hero = await self._heroes.change(hero.id, changes, now=now, to_tell=to_tell)
        if to_tell is not None:
            self._tell_soon(hero.id, to_tell)
        return Decision(staff, hero, now)

    async def shown(self, reference: int | str, viewer: Person | None) -> tuple[Hero, Person]:
        """A hero and his person, for whoever may see them: everybody while he is listed, else only he and staff.

        Raises NotFound.
        """
        hero = await self._find(reference)
        if hero is None:
            raise NotFound
        person = await self._people.get(hero.person_id)
        if person is None:
            raise NotFound
        listed = hero.listed and person.is_active
        if not listed and (viewer is None or not (viewer.is_staff or viewer.id == person.id)):
            raise NotFound
        return hero, person

    async def listed(self, **wanted: Any) -> tuple[int, list[tuple[Hero, Person]]]:
        """How many heroes there are, and a page of them; `wanted` is what the store's `listed` takes."""
        count, heroes = await self._heroes.listed(**wanted)
        if not heroes:
            return count, []
        people = await self._people.shown(hero.person_id for hero in heroes)
        page = []
        for hero in heroes:
            person = people.get(hero.person_id)
            if person is not None and person.is_active:
                page.append((hero, person))
            else:
                self._follow_soon(hero.person_id)
        return count, page

    async def follow_person(self, person_id: int) -> None:
        """Let the hero show the person's present name and is_active.

        The mark that this is due goes only if the person is still as he was read: of two changes at once, the one
        that is written last is looked at last.
        """
        while True:
            person = await self._people.get(person_id)
            if person is None:
                return
            await self._heroes.follow_person(person_id, name=person.full_name, person_active=person.is_active)
            as_read = {name: getattr(person, name) for name in ("first_name", "last_name", "is_active")}
            try:
                await self._people.change(person_id, {"hero_outdated": None}, only_if=as_read)
            except NotFound:
                continue
            return

    async def catch_up(self) -> int:
        """Finish what a process that died has left: heroes behind their people, letters not yet asked for."""
        before = self._clock.now() - LEFT_OVER_AFTER
        behind = await self._people.with_outdated_hero(before=before)
        for person_id in behind:
            await self.follow_person(person_id)
        untold = await self._heroes.untold(before=before)
        for hero_id, to_tell in untold:
            await self._tell(hero_id, to_tell)
        return len(behind) + len(untold)

    async def _find(self, reference: int | str) -> Hero | None:
        if isinstance(reference, int):
            return await self._heroes.get(reference)
        person = await self._people.with_uuid(reference)
        return await self._heroes.of_person(person.id) if person is not None else None

    def _follow_soon(self, person_id: int) -> None:
        self._background.soon(f"hero of person {person_id}", lambda: self.follow_person(person_id))

    def _tell_soon(self, hero_id: int, to_tell: ToTell) -> None:
        self._background.soon(f"letters about hero {hero_id}", lambda: self._tell(hero_id, to_tell))

    async def _tell(self, hero_id: int, to_tell: ToTell) -> None:
        hero = await self._heroes.get(hero_id)
        person = await self._people.get(hero.person_id) if hero is not None else None
        if hero is not None and person is not None:
            if to_tell.what == "applied":
                await self._tell_staff(hero, person)
            else:
                await self._tell_hero(hero, person, to_tell)
        await self._heroes.told(hero_id, to_tell)

    async def _tell_staff(self, hero: Hero, person: Person) -> None:
        for member in await self._people.staff():
            if member.email:
                await self._outbox.add_letter(
                    key=f"hero-applied:{hero.id}:{member.id}",
                    to=member.email,
                    person_id=member.id,
                    template="hero_applied",
                    facts={
                        "hero_name": person.full_name,
                        "title": hero.title,
                        "discipline": hero.discipline,
                        "position": hero.position,
                        "company": hero.company,
                        "years_of_exp": hero.years_of_exp,
                        "rate_in_cents": hero.rate_in_cents,
                        "linkedin_url": hero.linkedin_url,
                        "link": f"https://{self._web_domain}/staff/heroes/{hero.id}",
                    },
                    purpose="account",
                )

    async def _tell_hero(self, hero: Hero, person: Person, to_tell: ToTell) -> None:
        if person.email:
            await self._outbox.add_letter(
                key=f"hero-{to_tell.what}:{hero.id}:{to_tell.id}",
                to=person.email,
                person_id=person.id,
                template=f"hero_{to_tell.what}",
                facts={"link": f"https://{self._web_domain}/heroes/{hero.slug}", "title": hero.title},
            )
