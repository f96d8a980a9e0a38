"""Example people for a fresh start: made through the services, as clients would, with something booked for each contract.

Only where nothing is real: under DEBUG with all companies simulated. Making them again adds what is missing or over,
and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from store.database import Database
from thserver.domain.availability import WindowsOverlap
from thserver.domain.bookings import OPEN_STATES, QUARTER, SUGGESTION_LEAD, Booking, Kind, State
from thserver.domain.circles import Entry, Level, Names, Sort
from thserver.domain.death_notices import NoticeState
from thserver.domain.errors import CodeStillGood, Conflict, Invalid, NotFound, Refusal, Unavailable
from thserver.domain.people import Person
from thserver.services import example_people as cast
from thserver.services.example_people import ExamplePerson

if TYPE_CHECKING:
    from thserver.services.all import Services

log = logging.getLogger("thserver.examples")

HOUR = timedelta(hours=1)
# The first call is so near when they have been made; everybody may dial in then.
CALL_IS_NEAR = timedelta(minutes=4)
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
        self._bookings = database.bookings
        self._notices = database.death_notices
        self._services = services
        self._clock = services.clock
        self._new = 0
        self._booked: list[Booking] = []
        # Where the clock will be put.
        self._will_be = self._clock.now()

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
        self._new, self._booked = 0, []
        people = {each.key: await self._person(each) for each in cast.EVERYBODY}
        await self._services.people.make_staff(cast.STAFF.email)
        self._will_be = self._clock.now()
        call = await self._call(people)
        assert call.starts is not None
        self._will_be = max(self._will_be, call.starts - CALL_IS_NEAR)
        starts = first_quarter(self._will_be)
        for make in (self._session, self._meeting, self._gathering, self._circles):
            try:
                await make(people, starts)
            except Refusal as refusal:
                # Somebody has played with these people; the others are fine all the same.
                log.warning("an example could not be made: %s %s", refusal.code, refusal)
        return Examples(people, self._new, self._booked, call.starts)

    # People.

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

    # What is booked.

    async def _coming(self, kind: Kind, host: Person) -> Booking | None:
        """What this host has of this kind that will not be over when the clock has been put ahead. What waits for an answer is called off, to be made anew."""
        for booking in await self._bookings.open_of_person(host.id):
            if booking.kind is not kind or booking.host_id != host.id:
                continue
            if booking.state is State.AGREED and booking.ends is not None and booking.ends > self._will_be:
                return booking
            if booking.state in OPEN_STATES - {State.AGREED}:
                await self._services.bookings.cancel(booking, host.id, force=True)
        return None

    async def _call(self, people: dict[str, Person]) -> Booking:
        services, host, guest = self._services, people[cast.HERO.key], people[cast.CALLER.key]
        if not await services.wallet.has_card(guest.id):
            await services.wallet.add_card(guest, "pm_card_visa")
        try:
            hero = await services.heroes.of_person(host.id)
        except NotFound:
            hero = await services.heroes.apply(host, cast.OFFER)
        if not hero.listed:
            await services.heroes.decide(people[cast.STAFF.key], hero.id, accepted=True)
        if (coming := await self._coming(Kind.CALL, host)) is not None:
            return coming
        asked = await services.bookings.request(
            guest, hero_id=hero.id, message="How do I make it survive a crash?", minutes=30
        )
        # Whoever dials then is not asked which of two calls he means.
        free_from = await services.practice_board.free_from([host.id, guest.id])
        starts = first_quarter(max(free_from, self._clock.now() + SUGGESTION_LEAD))
        times = (starts, starts + HOUR, starts + 2 * HOUR)
        accepted = await services.bookings.accept(asked, host.id, times)
        return self._noted(await services.bookings.agree(accepted, guest.id, starts))

    async def _session(self, people: dict[str, Person], starts: datetime) -> None:
        services, host, guest = self._services, people[cast.MENTOR.key], people[cast.MENTEE.key]
        try:
            await services.mentors.profile(host.id)
        except NotFound:
            await services.mentors.add_profile(
                host.id, about_me="Ask me about storage.", skills=["Databases", "Go"], team_number=7
            )
        try:
            await services.mentors.mentee_profile(guest.id)
        except NotFound:
            await services.mentors.add_mentee_profile(guest.id, team_number=7)
        if await self._coming(Kind.SESSION, host) is not None:
            return
        window = None
        while window is None:
            try:
                window = (
                    await services.availability.publish(host, starts, starts + 2 * HOUR, in_slots=False)
                )[0]
            except WindowsOverlap:
                starts += HOUR
        asked = await services.sessions.request(guest, window_id=window.id, starts=starts, minutes=30)
        self._noted(await services.sessions.confirm(host.id, asked.id))

    async def _meeting(self, people: dict[str, Person], starts: datetime) -> None:
        services, host, guest = self._services, people[cast.EXPERT.key], people[cast.LEARNER.key]
        category = (await services.categories.all())[0]
        if not (await services.skills.of_person(host.id))[0]:
            await services.skills.add(host.id, category_id=category.id, name="Python", level="expert")
            for day in range(1, 8):
                await services.weekly_availability.add(host.id, day=day, starts=time(), ends=time())
        if (await services.credits.account(guest.id)).free < 2:
            await services.purchases.buy(
                guest.id, credits=4, amount_in_cents=400, payment_method="credit_card"
            )
        if await self._coming(Kind.MEETING, host) is not None:
            return
        asked = await services.meetings.create(
            guest,
            title="Why is this loop slow?",
            description="Ten minutes for ten thousand lines.",
            expert_id=host.id,
            category_id=category.id,
            starts=starts + HOUR,
            ends=starts + 2 * HOUR,
        )
        self._noted(await services.meetings.confirm(asked, host.id))

    async def _gathering(self, people: dict[str, Person], starts: datetime) -> None:
        services, king = self._services, people[cast.KING.key]
        members = [people[each.key] for each in cast.MEMBERS]
        for owner in (king, *members):
            others = [each for each in (king, *members) if each.id != owner.id and each.phone is not None]
            await services.contacts.add(
                owner,
                names=[each.full_name for each in others],
                phones=[each.phone for each in others if each.phone is not None],
            )
        if await self._coming(Kind.GATHERING, king) is not None:
            return
        made = await services.gatherings.create(
            king,
            title="Sunday plans",
            description="Where do we meet?",
            picture=await services.media.prepare(plain_png(), field="logo"),
            user_ids=[each.id for each in members],
            starts=starts + 2 * HOUR,
        )
        booking = await self._bookings.get(made.id)
        assert booking is not None
        self._noted(booking)

    async def _circles(self, people: dict[str, Person], starts: datetime) -> None:
        friends = [(people[each.key], Level.TRUSTED_FRIEND) for each in cast.FRIENDS]
        named = [*friends, (people[cast.LIFELINK.key], Level.LIFELINK)]
        for holder in (people[cast.HOLDER.key], people[cast.MOURNED.key]):
            for person, level in named:
                await self._befriend(holder, person, level)
        await self._memorial(people[cast.MOURNED.key], [person for person, _ in friends], starts)

    async def _befriend(self, holder: Person, person: Person, level: Level) -> None:
        assert person.email is not None
        names = Names(first_name=person.first_name, last_name=person.last_name)
        try:
            await self._services.invitations.add_one(
                holder, Entry(email=person.email, names=names, level=level)
            )
        except Invalid:
            log.debug("%s has been invited already", person.id)
        sort = Sort("created", descending=True)
        page = await self._services.circles.following(person, level=level, sort=sort, skip=0, limit=100)
        for row in page.rows:
            if row.holder.id == holder.id and row.invite_token is not None:
                await self._services.invitations.accept(row.invite_token, person)

    async def _memorial(self, holder: Person, friends: list[Person], starts: datetime) -> None:
        notices, given = self._services.death_notices, {"confirm_email_address": True}
        assert holder.email is not None
        notice = await self._notices.get(holder.id)
        if notice.funeral is not None:
            return
        if notice.state is NoticeState.OPEN:
            day = (self._clock.now() - timedelta(days=3)).date()
            await notices.initiate(friends[0], email=holder.email, date_of_death=day, given=given)
        if notice.state is not NoticeState.AUTHORISED:
            await notices.authorise(friends[1], email=holder.email, given=given)
        await notices.send_funeral_details(
            friends[1],
            email=holder.email,
            time=starts + timedelta(days=1),
            location="Old Chapel, Elm Street",
            details="Whoever cannot come may dial in.",
        )
        funeral = (await self._notices.get(holder.id)).funeral
        booking = await self._bookings.get(funeral.booking_id) if funeral is not None else None
        if booking is None:
            raise Unavailable
        self._noted(booking)

    def _noted(self, booking: Booking) -> Booking:
        self._booked.append(booking)
        return booking


def address_of(example: ExamplePerson) -> str:
    """A network address of his own: limits are not what examples are about."""
    return f"198.51.100.{int(example.phone[-3:])}"


def first_quarter(moment: datetime) -> datetime:
    """The first quarter hour that is not before then."""
    past = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not past else moment - past + QUARTER


def plain_png(side: int = 256, colour: bytes = b"\x1f\x6f\x5c") -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + colour * side) * side
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
