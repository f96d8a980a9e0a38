"""Bringing a person over from another installation: conflicts first, then everything at once, then never twice.

Only what is a person's own comes over. What happened elsewhere (bookings, calls, messages, money) stays there: the
ledger is only ever added to by what happens here. Nobody comes over as staff, as an accepted hero, or signed in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from store.database import Database
from store.person_imports import TakeOver
from thserver.domain import codes
from thserver.domain.availability import Window
from thserver.domain.errors import AlreadyExists, Conflict, Invalid, Unavailable
from thserver.domain.heroes import Hero, ToTell
from thserver.domain.media import Image
from thserver.domain.meetings import Skill
from thserver.domain.mentors import MenteeProfile, MentorProfile
from thserver.domain.people import Person, full_name, slug_candidates
from thserver.domain.person_imports import ImportedPerson
from thserver.domain.ports import Clock
from thserver.domain.weekly_availability import WeeklyWindow
from thserver.services.categories import CategoryService
from thserver.services.media import Media
from thserver.services.usernames import normal_username

# Somebody may take what was free at the look.
MOST_LOOKS = 5


class CannotComeOver(Conflict):
    """`conflicts` are sentences without a full stop."""

    code = "cannot_come_over"

    def __init__(self, conflicts: list[str]) -> None:
        self.conflicts = conflicts
        super().__init__(conflicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would come of an import. `here` is the person where he is here already, `left_out` what cannot come."""

    person_id: int
    here: Person | None
    slug: str | None
    conflicts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameOver:
    """How much of each part was added, of how much there was in the file."""

    person_id: int
    is_new: bool
    added: Mapping[str, int]
    given: Mapping[str, int]
    left_out: list[str]


class PersonImport:
    def __init__(
        self, *, database: Database, clock: Clock, media: Media, categories: CategoryService
    ) -> None:
        self._people = database.people
        self._numbers = database.numbers
        self._imports = database.person_imports
        self._clock = clock
        self._media = media
        self._categories = categories

    async def plan(self, found: ImportedPerson, *, proven: bool) -> Plan:
        """Look what would come of it, without writing anything but a number for somebody new."""
        here = await self._people.with_uuid(found.uuid)
        conflicts = []
        slug = found.slug
        if here is not None and here.closed is not None:
            conflicts.append(f"he has closed his account here (person {here.id})")
        elif here is None:
            conflicts = await self._taken(found)
            if found.email is None and not proven:
                conflicts.append(
                    "he has a number and no address: nobody could sign in until the number is taken as proven"
                )
            slug = await self._free_slug(found)
        known = await self._categories.by_id()
        left_out = [
            f"skill {name}: there is no category {id}" for id, name, _ in found.skills if id not in known
        ]
        past = sum(1 for starts, _ in found.windows if starts <= self._clock.now())
        if past:
            left_out.append(f"{past} windows of availability that have begun or are over")
        return Plan(
            person_id=here.id if here is not None else await self._numbers.next("people"),
            here=here,
            slug=slug,
            conflicts=conflicts,
            left_out=left_out,
        )

    async def bring(
        self, found: ImportedPerson, plan: Plan, *, proven: bool, picture: bytes | None
    ) -> CameOver:
        """Write all of it or nothing. `proven` takes address and number as proven as the file says.

        Raises CannotComeOver.
        """
        image = None
        for look in range(MOST_LOOKS):
            if plan.conflicts:
                raise CannotComeOver(plan.conflicts)
            if look == 0:
                image = await self._kept_picture(plan, picture)
            wanted = await self._wanted(found, plan, proven=proven, image=image)
            try:
                added = await self._imports.write(wanted)
            except AlreadyExists:
                again = await self.plan(found, proven=proven)
                # The picture is kept under the number of the first look.
                plan = again if again.here else dataclasses.replace(again, person_id=plan.person_id)
                continue
            return CameOver(
                person_id=wanted.person_id,
                is_new=wanted.person is not None,
                added=added,
                given=_given(wanted),
                left_out=plan.left_out,
            )
        raise Unavailable

    async def _taken(self, found: ImportedPerson) -> list[str]:
        conflicts = []
        if found.email is not None and (other := await self._people.with_email(found.email)):
            conflicts.append(f"the address {found.email} is that of person {other.id} here")
        if found.phone is not None and (other := await self._people.with_phone(found.phone)):
            conflicts.append(f"the number that ends in {found.phone[-4:]} is that of person {other.id} here")
        if found.username is not None and (
            other := await self._people.with_username(normal_username(found.username))
        ):
            conflicts.append(f"the username {found.username} is that of person {other.id} here")
        return conflicts

    async def _free_slug(self, found: ImportedPerson) -> str | None:
        """His own where it is free, else the next of his name; none for whoever needs none."""
        if found.slug is None and found.offer is None:
            return None
        name = full_name(found.account["first_name"], found.account["last_name"], found.username)
        for slug in (found.slug, *slug_candidates(name)):
            if slug is not None and not await self._people.has_slug(slug):
                return slug
        return None

    async def _kept_picture(self, plan: Plan, picture: bytes | None) -> Image | None:
        """In doubt until somebody shows it, so that nothing stays when the import fails."""
        if picture is None or plan.here is not None:
            return None
        try:
            return await self._media.store_image(picture, owner_id=plan.person_id, purpose="avatar")
        except Invalid as refusal:
            raise CannotComeOver(["his picture is none that can be read"]) from refusal

    async def _wanted(
        self, found: ImportedPerson, plan: Plan, *, proven: bool, image: Image | None
    ) -> TakeOver:
        now, person_id = self._clock.now(), plan.person_id
        known = await self._categories.by_id()
        chosen = [each for each in found.skills if each[0] in known]
        ahead = [each for each in found.windows if each[0] > now]
        person = None if plan.here is not None else self._person(found, plan, proven=proven, image=image)
        hero = await self._hero(found, plan, person or plan.here)
        first_skill = await self._first("skills", len(chosen))
        first_weekly = await self._first("weekly_availability", len(found.weekly))
        first_window = await self._first("availability", len(ahead))
        own = person or plan.here
        return TakeOver(
            person_id=person_id,
            now=now,
            person=person,
            hero=hero,
            to_tell=ToTell(codes.new_token(), "applied", now) if hero is not None else None,
            mentor=MentorProfile(person_id=person_id, **found.mentor) if found.mentor else None,
            mentee=MenteeProfile(person_id=person_id, **found.mentee) if found.mentee else None,
            circle=found.circle,
            settings=found.settings,
            skills=[
                Skill(
                    id=first_skill + n, person_id=person_id, category_id=category_id, name=name, level=level
                )
                for n, (category_id, name, level) in enumerate(chosen)
            ],
            weekly=[WeeklyWindow(first_weekly + n, person_id, *each) for n, each in enumerate(found.weekly)],
            windows=[Window(first_window + n, person_id, *each) for n, each in enumerate(ahead)],
            contacts={
                phone: name for phone, name in found.contacts.items() if own is None or phone != own.phone
            },
        )

    def _person(self, found: ImportedPerson, plan: Plan, *, proven: bool, image: Image | None) -> Person:
        now = self._clock.now()
        email_is_proven = proven and found.email_verified
        account = {**found.account, **({"image_url": image.url_path} if image is not None else {})}
        return Person(
            id=plan.person_id,
            uuid=found.uuid,
            email=found.email,
            email_verified=email_is_proven,
            email_pending=None if email_is_proven else found.email,
            phone=found.phone if proven else None,
            phone_pending=None if proven else found.phone,
            username=normal_username(found.username) if found.username else None,
            slug=plan.slug,
            created=now,
            updated=now,
            **account,
        )

    async def _hero(self, found: ImportedPerson, plan: Plan, person: Person | None) -> Hero | None:
        """As one who has just applied: whom another installation has accepted is for the staff here to see."""
        if found.offer is None or person is None:
            return None
        slug = person.slug
        if slug is None:
            slug = await self._people.give_slug(person.id, person.full_name)
        now = self._clock.now()
        return Hero(
            id=await self._numbers.next("heroes"),
            person_id=person.id,
            name=person.full_name,
            slug=slug,
            person_active=person.is_active,
            created=now,
            updated=now,
            **found.offer,
        )

    async def _first(self, what: str, count: int) -> int:
        return await self._numbers.next(what, count) if count else 0


def _given(wanted: TakeOver) -> dict[str, int]:
    one = {
        "people": wanted.person,
        "heroes": wanted.hero,
        "mentor_profiles": wanted.mentor,
        "mentee_profiles": wanted.mentee,
        "circle_profiles": wanted.circle,
        "notification_settings": wanted.settings,
    }
    return {
        **{part: 1 for part, value in one.items() if value},
        "skills": len(wanted.skills),
        "weekly_availability": len(wanted.weekly),
        "availability": int(bool(wanted.windows)),
        "contacts": len(wanted.contacts),
    }
