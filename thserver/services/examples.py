"""Example people for a fresh start: made through the services, as clients would, with something booked for each contract.

Only where nothing is real: under DEBUG with all companies simulated. Making them again adds what is missing or over,
and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from store.database import Database
from thserver.domain.bookings import Booking
from thserver.domain.errors import CodeStillGood, Conflict, Invalid, NotFound, Unavailable
from thserver.domain.people import Person
from thserver.services import example_people as cast
from thserver.services.example_bookings import CALL_IS_NEAR, ExampleBookings
from thserver.services.example_people import ExamplePerson

if TYPE_CHECKING:
    from thserver.services.all import Services

log = logging.getLogger("thserver.examples")

PATIENCE_S = 10.0
LEASE = "examples"


class NotPractising(NotFound):
    """A company is real here, or this is no development mode: no place for example people."""

    code = "not_practising"


class ExamplesChanged(Conflict):
    """Somebody has changed these people, or has what would be theirs, so that they do not do what they are there for."""

    code = "examples_changed"


@dataclass(frozen=True, slots=True)
class Examples:
    """The people by their key, how many of them are new, what was newly booked, and when the first call begins."""

    people: dict[str, Person]
    new: int
    booked: list[Booking]
    first_call: datetime


class ExampleMaker:
    def __init__(self, *, database: Database, services: Services) -> None:
        self._people = database.people
        self._database = database
        self._services = services
        self._clock = services.clock
        self._new = 0

    async def fill(self) -> Examples:
        """Make whatever of the examples is not there; then put the clock ahead until the first call is near.

        Raises NotPractising, ExamplesChanged, or Taken while somebody else is at it.
        """
        practice = self._services.practice
        if not all((practice.carrier, practice.payments, practice.mail, practice.clock)):
            raise NotPractising
        try:
            made = await self._services.leases.holding(LEASE, self._make)
        except Invalid as refusal:
            log.warning("example people could not be made: %s", refusal.problems)
            raise ExamplesChanged from refusal
        ahead = made.first_call - CALL_IS_NEAR - self._clock.now()
        if ahead > timedelta():
            practice.clock.advance(ahead)
            practice.carrier.look_at_clock()
        return made

    async def _make(self) -> Examples:
        self._new = 0
        people = {each.key: await self._person(each) for each in cast.EVERYBODY}
        await self._services.people.make_staff(cast.STAFF.email)
        bookings = ExampleBookings(database=self._database, services=self._services, people=people)
        first_call = await bookings.make()
        return Examples(people, self._new, bookings.booked, first_call)

    async def _person(self, example: ExamplePerson) -> Person:
        person = await self._people.with_email(example.email) or await self._register(example)
        if not person.email_verified:
            person = await self._prove_address(person)
        wanted = {name: value for name, value in example.also.items() if getattr(person, name) != value}
        if person.username is None:
            wanted["username"] = example.key
        if wanted:
            try:
                person = await self._services.usernames.change_profile(
                    person, wanted, address=address_of(example)
                )
            except Invalid:
                log.warning("somebody else has the username %s", example.key)
        return person

    async def _register(self, example: ExamplePerson) -> Person:
        services, address = self._services, address_of(example)
        # Sent again only when the last one is spent or over, so the newest text has the good one.
        try:
            await services.people.text_registration_code(example.phone, address=address)
        except CodeStillGood:
            log.debug("%s has a good code already", example.key)
        body: str = services.practice.carrier.texts_to(example.phone)[-1]["body"]
        person, _ = await services.people.register(
            first_name=example.first_name,
            last_name=example.last_name,
            email=example.email,
            password=example.password or f"{secrets.token_urlsafe(32)}1",
            phone=example.phone,
            phone_token=body.rpartition("#")[2].strip(),
            timezone=example.timezone,
            contract=example.contract,
            address=address,
        )
        self._new += 1
        return person

    async def _prove_address(self, person: Person) -> Person:
        email = person.email_pending or person.email or ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (token := self._mailed_token(email)) is None:  # noqa: ASYNC110 (a mailbox rings no bell)
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise Unavailable from error
        return await self._services.people.prove_email(person, token)

    def _mailed_token(self, email: str) -> str | None:
        for letter in reversed(self._services.practice.mail.letters_to(email)):
            if found := re.search(r"verify-email/([a-z0-9]{10})\b", letter["text"]):
                return found[1]
        return None


def address_of(example: ExamplePerson) -> str:
    """A network address of his own: limits are not what examples are about."""
    return f"198.51.100.{int(example.phone[-3:])}"
