"""Taking a person over: all rows or none of them, and nothing that is there is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from store import heroes, mentor_profiles, people, person_documents, skills, weekly_availability
from store.availability import Availability, seconds
from store.circle_profiles import CircleProfiles
from store.collection import Collection
from store.contacts import Contacts
from store.notification_settings import NotificationSettingsOfPeople
from store.transactions import in_transaction
from thserver.domain.availability import Window
from thserver.domain.errors import AlreadyExists
from thserver.domain.heroes import Hero, ToTell
from thserver.domain.meetings import Skill
from thserver.domain.mentors import MenteeProfile, MentorProfile
from thserver.domain.people import Person
from thserver.domain.weekly_availability import WeeklyWindow

AT_A_TIME = 500
DUPLICATE = 11000


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """What is to be there of one person. `person` is None for one who is here already."""

    person_id: int
    now: datetime
    person: Person | None = None
    hero: Hero | None = None
    to_tell: ToTell | None = None
    mentor: MentorProfile | None = None
    mentee: MenteeProfile | None = None
    circle: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, bool] = field(default_factory=dict)
    skills: Sequence[Skill] = ()
    weekly: Sequence[WeeklyWindow] = ()
    windows: Sequence[Window] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)


class _Row(NamedTuple):
    """Inserted unless there is one that matches."""

    part: str
    collection: str
    match: dict[str, Any]
    document: dict[str, Any]


class PersonImports(Collection):
    name = people.People.name

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        super().__init__(database)
        self._database = database

    async def write(self, wanted: TakeOver) -> dict[str, int]:
        """Insert what is not there, everything or nothing. How much was inserted, by part.

        Raises AlreadyExists by field when a value that must be unique is somebody else's, "uuid" when this person
        has come meanwhile.
        """
        rows = list(_rows(wanted))

        async def work(session: AsyncClientSession) -> dict[str, int]:
            added: Counter[str] = Counter()
            for part in dict.fromkeys(row.part for row in rows):
                of_part = [row for row in rows if row.part == part]
                for start in range(0, len(of_part), AT_A_TIME):
                    added[part] += await self._put(of_part[start : start + AT_A_TIME], session)
            if wanted.person is not None and not added["people"]:
                raise AlreadyExists("uuid")
            return dict(added)

        return await in_transaction(self._database.client, work)

    async def _put(self, rows: Sequence[_Row], session: AsyncClientSession) -> int:
        wanted = [UpdateOne(row.match, {"$setOnInsert": row.document}, upsert=True) for row in rows]
        try:
            result = await self._database[rows[0].collection].bulk_write(wanted, session=session)
        except BulkWriteError as error:
            problem = (error.details.get("writeErrors") or [{}])[0]
            if problem.get("code") == DUPLICATE:
                raise AlreadyExists(next(iter(problem.get("keyPattern") or {}), "_id")) from error
            raise
        return int(result.upserted_count)


def _rows(wanted: TakeOver) -> Iterator[_Row]:
    of_id = {"_id": wanted.person_id}
    if (person := wanted.person) is not None:
        document = person_documents.to_new_document(person)
        yield _Row("people", people.People.name, {"uuid": person.uuid}, document)
    if (hero := wanted.hero) is not None:
        document = {**heroes.to_document(hero), "listed": hero.listed}
        if wanted.to_tell is not None:
            document["to_tell"] = asdict(wanted.to_tell)
        yield _Row("heroes", heroes.Heroes.name, {"person_id": hero.person_id}, document)
    for profile, name in (
        (wanted.mentor, mentor_profiles.MentorProfiles.name),
        (wanted.mentee, mentor_profiles.MenteeProfiles.name),
    ):
        if profile is not None:
            yield _Row(name, name, of_id, mentor_profiles.to_document(profile))
    if wanted.circle:
        yield _Row("circle_profiles", CircleProfiles.name, of_id, dict(wanted.circle))
    if wanted.settings:
        name = NotificationSettingsOfPeople.name
        yield _Row("notification_settings", name, of_id, dict(wanted.settings))
    for skill in wanted.skills:
        document = skills.to_document(skill, wanted.now)
        match = {name: document[name] for name in ("key", "person_id", "category_id")}
        yield _Row("skills", skills.Skills.name, match, document)
    for window in wanted.weekly:
        document = weekly_availability.to_document(window)
        match = {name: document[name] for name in ("person_id", "weekday", "starts", "ends")}
        yield _Row("weekly_availability", weekly_availability.WeeklyAvailability.name, match, document)
    if wanted.windows:
        windows = [
            {"id": each.id, "starts": seconds(each.starts), "ends": seconds(each.ends)}
            for each in wanted.windows
        ]
        yield _Row("availability", Availability.name, of_id, {"windows": windows})
    for phone, called in wanted.contacts.items():
        match = {"owner_id": wanted.person_id, "phone": phone}
        yield _Row("contacts", Contacts.name, match, {**match, "name": called, "created": wanted.now})
