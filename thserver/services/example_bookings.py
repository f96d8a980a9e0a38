"""What is booked for the example people: something of each contract, made through the services as clients would."""

from __future__ import annotations

import logging
import struct
import zlib
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from store.database import Database
from thserver.domain.availability import WindowsOverlap
from thserver.domain.bookings import OPEN_STATES, QUARTER, SUGGESTION_LEAD, Booking, Kind, State
from thserver.domain.circles import Entry, Level, Names, Sort
from thserver.domain.death_notices import NoticeState
from thserver.domain.errors import Invalid, NotFound, Refusal, Unavailable
from thserver.domain.people import Person
from thserver.services import example_people as cast

if TYPE_CHECKING:
    from thserver.services.all import Services

log = logging.getLogger("thserver.examples")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# The first call is so near when they have been made; everybody may dial in then.
CALL_IS_NEAR = timedelta(minutes=4)


class ExampleBookings:
    """`people` are the examples by their key. `booked` is what was newly made."""

    def __init__(self, *, database: Database, services: Services, people: dict[str, Person]) -> None:
        self._bookings = database.bookings
        self._notices = database.death_notices
        self._services = services
        self._clock = services.clock
        self._people = people
        # Where the clock will be put.
        self._will_be = self._clock.now()
        self.booked: list[Booking] = []

    async def make(self) -> datetime:
        """Book whatever is missing or will be over; when the call of the hero begins. Raises what speaks against it."""
        call = await self._call()
        assert call.starts is not None
        self._will_be = max(self._will_be, call.starts - CALL_IS_NEAR)
        starts = first_quarter(self._will_be)
        for make in (self._session, self._meeting, self._gathering, self._circles):
            try:
                await make(starts)
            except Refusal as refusal:
                # Somebody has played with these people; the others are fine all the same.
                log.warning("an example could not be made: %s %s", refusal.code, refusal)
        return call.starts

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

    async def _call(self) -> Booking:
        services, host, guest = self._services, self._people[cast.HERO.key], self._people[cast.CALLER.key]
        if not await services.wallet.has_card(guest.id):
            await services.wallet.add_card(guest, "pm_card_visa")
        try:
            hero = await services.heroes.of_person(host.id)
        except NotFound:
            hero = await services.heroes.apply(host, cast.OFFER)
        if not hero.listed:
            await services.heroes.decide(self._people[cast.STAFF.key], hero.id, accepted=True)
        if (coming := await self._coming(Kind.CALL, host)) is not None:
            return coming
        asked = await services.bookings.request(
            guest, hero_id=hero.id, message="How do I make it survive a crash?", minutes=30
        )
        # Whoever dials then is not asked which of two calls he means.
        free_from = await services.practice_board.free_from([host.id, guest.id])
        # With a minute to spare: another quarter may begin before the time has been suggested.
        starts = first_quarter(max(free_from, self._clock.now() + SUGGESTION_LEAD + MINUTE))
        times = (starts, starts + HOUR, starts + 2 * HOUR)
        accepted = await services.bookings.accept(asked, host.id, times)
        return self._noted(await services.bookings.agree(accepted, guest.id, starts))

    async def _session(self, starts: datetime) -> None:
        services, host, guest = self._services, self._people[cast.MENTOR.key], self._people[cast.MENTEE.key]
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

    async def _meeting(self, starts: datetime) -> None:
        services, host, guest = self._services, self._people[cast.EXPERT.key], self._people[cast.LEARNER.key]
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

    async def _gathering(self, starts: datetime) -> None:
        services, king = self._services, self._people[cast.KING.key]
        members = [self._people[each.key] for each in cast.MEMBERS]
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

    async def _circles(self, starts: datetime) -> None:
        friends = [(self._people[each.key], Level.TRUSTED_FRIEND) for each in cast.FRIENDS]
        named = [*friends, (self._people[cast.LIFELINK.key], Level.LIFELINK)]
        for holder in (self._people[cast.HOLDER.key], self._people[cast.MOURNED.key]):
            for person, level in named:
                await self._befriend(holder, person, level)
        await self._memorial(self._people[cast.MOURNED.key], [person for person, _ in friends], starts)

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
        self.booked.append(booking)
        return booking


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
