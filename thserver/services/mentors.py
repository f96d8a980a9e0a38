"""Mentors and mentees: what they tell about themselves, and the lists in which they find each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from store.database import Database
from thserver.domain.availability import Window
from thserver.domain.errors import AlreadyExists, NotFound
from thserver.domain.mentors import MenteeProfile, MentorProfile, tidy_skills
from thserver.domain.people import Face
from thserver.services.availability import AvailabilityService


@dataclass(frozen=True, slots=True)
class ListedMentor:
    person: Face
    profile: MentorProfile
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class ListedMentee:
    person: Face
    profile: MenteeProfile


class Mentors:
    def __init__(self, *, database: Database, availability: AvailabilityService) -> None:
        self._people = database.people
        self._mentors = database.mentor_profiles
        self._mentees = database.mentee_profiles
        self._windows = database.availability
        self._settings = database.notification_settings
        self._availability = availability

    async def listed(self, *, skip: int, limit: int) -> list[ListedMentor]:
        """Active people with the mentor's flag, in three queries however many there are."""
        people = await self._people.flagged("is_mentor", skip=skip, limit=limit)
        ids = [person.id for person in people]
        profiles = await self._mentors.of_people(ids)
        windows = await self._availability.of_mentors(ids)
        return [
            ListedMentor(
                person,
                profiles.get(person.id) or MentorProfile(person_id=person.id),
                windows.get(person.id, []),
            )
            for person in people
        ]

    async def with_any_skill(self, skills: Iterable[str], *, skip: int, limit: int) -> list[MentorProfile]:
        """Mentors who know one of these, without regard to case; hidden people are left out."""
        wanted = [skill for skill in (" ".join(part.split()) for part in skills) if skill]
        found = await self._mentors.with_any_skill(wanted, skip=skip, limit=limit)
        shown = await self._people.active(profile.person_id for profile in found)
        return [profile for profile in found if profile.person_id in shown]

    async def listed_mentees(self, *, skip: int, limit: int) -> list[ListedMentee]:
        people = await self._people.flagged("is_mentee", skip=skip, limit=limit)
        profiles = await self._mentees.of_people([person.id for person in people])
        return [
            ListedMentee(person, profiles.get(person.id) or MenteeProfile(person_id=person.id))
            for person in people
        ]

    async def profile(self, person_id: int) -> MentorProfile:
        """Raises NotFound for somebody who has not told anything about himself as a mentor."""
        found = await self._mentors.get(person_id)
        if found is None:
            raise NotFound
        return found

    async def add_profile(
        self, person_id: int, *, about_me: str, skills: list[str], team_number: int
    ) -> MentorProfile:
        """Raises Invalid, or AlreadyExists("information")."""
        profile = MentorProfile(
            person_id=person_id, about_me=about_me, skills=tidy_skills(skills), team_number=team_number
        )
        try:
            await self._mentors.add(profile)
        except AlreadyExists as error:
            raise AlreadyExists("information") from error
        return profile

    async def change_profile(self, person_id: int, changes: dict[str, Any]) -> MentorProfile:
        """Raises Invalid or NotFound."""
        if "skills" in changes:
            changes = {**changes, "skills": tidy_skills(changes["skills"])}
        return await self._mentors.change(person_id, changes)

    async def remove_profile(self, person_id: int) -> None:
        """Published time stays. Raises NotFound."""
        if not await self._mentors.remove(person_id):
            raise NotFound

    async def mentee_profile(self, person_id: int) -> MenteeProfile:
        """Raises NotFound."""
        found = await self._mentees.get(person_id)
        if found is None:
            raise NotFound
        return found

    async def add_mentee_profile(self, person_id: int, *, team_number: int) -> MenteeProfile:
        """Raises AlreadyExists("information")."""
        profile = MenteeProfile(person_id=person_id, team_number=team_number)
        try:
            await self._mentees.add(profile)
        except AlreadyExists as error:
            raise AlreadyExists("information") from error
        return profile

    async def change_mentee_profile(self, person_id: int, changes: dict[str, Any]) -> MenteeProfile:
        """Raises NotFound."""
        return await self._mentees.change(person_id, changes)

    async def remove_mentee_profile(self, person_id: int) -> None:
        """Raises NotFound."""
        if not await self._mentees.remove(person_id):
            raise NotFound

    async def forget(self, person_id: int) -> None:
        """Take away everything that is kept of a person as mentor and mentee; doing it again is once."""
        await self._mentors.remove(person_id)
        await self._mentees.remove(person_id)
        await self._windows.forget(person_id)
        await self._settings.forget(person_id)
