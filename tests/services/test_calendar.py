"""Calendars stay true: what was agreed is in them once, moves when it is moved, and goes when it is cancelled."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.booking_makers import World, agree_on_call, make_caller, make_host
from tests.calendars import CalendarProgram
from tests.fakes.clock import FakeClock
from tests.fakes.smtp_stand_in import SmtpStandIn
from tests.makers import make_person
from tests.meeting_makers import make_confirmed_meeting, make_meeting, make_member
from tests.outbox_makers import make_post
from tests.pictures import picture
from thserver.domain.bookings import Booking, Kind
from thserver.domain.errors import Throttled
from thserver.domain.gatherings import Gathering
from thserver.domain.people import Person
from thserver.domain.ports import Invite, Outcome, Sent
from thserver.gateways.smtp_mail import SmtpMail
from thserver.services.all import Services
from thserver.wiring import wire
from thserver.wording.calendar import uid_of

HOUR = timedelta(hours=1)


async def gather(services: Services, king: Person, *others: Person, **known: Any) -> Gathering:
    return await services.gatherings.create(
        king,
        picture=await services.media.prepare(picture(), field="logo"),
        user_ids=[person.id for person in others],
        **{
            "title": "Board games",
            "description": "Bring cake",
            "starts": services.clock.now() + HOUR,
            **known,
        },
    )


async def calendar_of(world: World, person: Person) -> CalendarProgram:
    """What this person's calendar shows after all letters that have come to him."""
    await world.services.background.idle()
    program = CalendarProgram()
    program.take_all(world.services.practice.mail.letters_to(person.email))
    return program


def only(program: CalendarProgram) -> Any:
    (event,) = program.events.values()
    return event


async def sequence_of(world: World, booking: Booking | Gathering) -> int:
    kept = await world.database.bookings.get(booking.id)
    assert kept is not None
    return kept.sequence


@asynccontextmanager
async def mailing_by_smtp(world: World, settings: Settings) -> AsyncIterator[tuple[Services, SmtpStandIn]]:
    """Another process on the same database, whose letters go to a mail server."""
    async with SmtpStandIn() as server:
        mail = SmtpMail(url=server.url, sender="Tech Heroes <no-reply@example.com>")
        services = await wire(settings, world.database, clock=world.services.clock, mail=mail)
        services.practice.carrier.faults.drop_callbacks = True
        try:
            yield services, server
        finally:
            await services.close()


async def test_invited_moved_cancelled_is_one_entry_updated_gone(
    world: World, settings: Settings, clock: FakeClock
) -> None:
    king, ben = [
        await make_person(world.services, first_name=name, last_name="Lee") for name in ("Ann", "Ben")
    ]
    starts = clock.now() + HOUR
    async with mailing_by_smtp(world, settings) as (services, server):
        programs = {king.email: CalendarProgram(), ben.email: CalendarProgram()}

        async def look() -> list[Any]:
            """What both calendars show after the letters that have come."""
            await services.background.idle()
            for letter in server.letters:
                programs[letter.recipients[0]].take_letter(letter)
            return [event for program in programs.values() for event in program.events.values()]

        gathering = await gather(services, king, ben, starts=starts)
        invited = await look()
        assert [event.start for event in invited] == [starts, starts]
        assert [event["summary"] for event in invited] == ["Board games", "Board games with Ann Lee"]
        assert len({event["uid"] for event in invited}) == 1
        assert len({event["location"] for event in invited}) == 2

        await services.gatherings.update(king, gathering.id, completed=False, starts=starts + HOUR)
        moved = await look()
        assert [event.start for event in moved] == [starts + HOUR, starts + HOUR]
        assert [event["uid"] for event in moved] == [event["uid"] for event in invited]
        assert [event["location"] for event in moved] == [event["location"] for event in invited]
        assert moved[1]["sequence"] > invited[1]["sequence"]

        await services.gatherings.update(king, gathering.id, completed=True)
        assert await look() == []
        assert [len(program.ended) for program in programs.values()] == [1, 1]
        # Mail may come in any order.
        late = CalendarProgram()
        for letter in reversed(server.letters):
            if letter.recipients[0] == ben.email:
                late.take_letter(letter)
        assert late.events == {}
        assert len(server.letters) == 6


async def test_an_agreed_call_is_in_both_calendars_with_each_ones_own_pin(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await agree_on_call(world, guest, hero)
    shown = []
    for person, other in ((guest, "Tom Brady"), (host, "Cam Newton")):
        event = only(await calendar_of(world, person))
        letter = world.services.practice.mail.letters_to(person.email)[-1]
        found = re.search(r"asked for it: (\d{6})", letter["text"])
        assert found
        assert event["summary"] == f"Call with {other}"
        assert event["location"] == f"tel:+12025550100,,{found[1]}#"
        assert event["attendee"] == f"mailto:{person.email}"
        assert (event.start, event.end) == (booking.starts, booking.ends)
        assert event["dtstart"].params["TZID"] == person.timezone
        shown.append(event)
    assert shown[0]["uid"] == shown[1]["uid"]
    await world.services.bookings.cancel(booking, guest.id)
    for person in (guest, host):
        program = await calendar_of(world, person)
        assert (program.events, len(program.ended)) == ({}, 1)


async def test_sessions_and_meetings_are_in_calendars_from_their_confirmation_on(world: World) -> None:
    services = world.services
    mentor, mentee = await make_person(services), await make_person(services, first_name="Ada")
    session = await services.bookings.propose(
        Kind.SESSION,
        host=mentor,
        guest_ids=[mentee.id],
        by=mentee.id,
        starts=services.clock.now() + HOUR,
        minutes=30,
    )
    expert, requester = await make_member(world, first_name="Jane"), await make_member(world)
    withdrawn = await make_meeting(world, requester, expert)
    await services.meetings.cancel(withdrawn, requester.id)
    for person in (mentor, mentee, expert, requester):
        program = await calendar_of(world, person)
        assert not program.events
        assert not program.ended
    session = await services.bookings.confirm(session, mentor.id)
    meeting = await make_confirmed_meeting(world, requester, expert)
    assert only(await calendar_of(world, mentor))["summary"] == "Mentoring session with Ada Newton"
    assert only(await calendar_of(world, mentee))["summary"] == "Mentoring session with Cam Newton"
    assert only(await calendar_of(world, expert))["summary"] == "Python Debugging Session with John Doe"
    assert only(await calendar_of(world, requester))["summary"] == "Python Debugging Session with Jane Doe"
    await services.bookings.cancel(session, mentor.id)
    await services.meetings.cancel(meeting, expert.id)
    for person in (mentor, mentee, expert, requester):
        program = await calendar_of(world, person)
        assert (program.events, len(program.ended)) == ({}, 1)


async def test_whoever_is_out_of_a_gathering_has_it_in_his_calendar_no_more_until_he_is_back(
    world: World,
) -> None:
    gatherings = world.services.gatherings
    king, ben, cat = [await make_person(world.services) for _ in range(3)]
    gathering = await gather(world.services, king, ben, cat)
    first = only(await calendar_of(world, ben))
    await gatherings.exclude(king, gathering.id, ben.id)
    assert (await calendar_of(world, ben)).events == {}
    await gatherings.invite(king, gathering.id, ben.id)
    again = only(await calendar_of(world, ben))
    assert again["uid"] == first["uid"]
    assert again["location"] == first["location"]
    # Another king: the entry of the old one goes, that of the others stays.
    await gatherings.leave(king.id, gathering.id)
    assert (await calendar_of(world, king)).events == {}
    assert only(await calendar_of(world, cat))["uid"] == first["uid"]


async def test_a_gathering_without_a_time_is_in_calendars_when_it_has_one(world: World) -> None:
    king, ben = await make_person(world.services), await make_person(world.services)
    gathering = await gather(world.services, king, ben, starts=None)
    assert (await calendar_of(world, ben)).events == {}
    starts = world.services.clock.now() + HOUR
    await world.services.gatherings.update(king, gathering.id, completed=False, starts=starts)
    for person in (king, ben):
        event = only(await calendar_of(world, person))
        assert event.start == starts
        assert re.fullmatch(r"tel:\+12025550100,,\d{6}#", event["location"])


async def test_of_changes_at_one_moment_each_has_a_number_of_its_own(world: World) -> None:
    king, *others = [await make_person(world.services) for _ in range(6)]
    gathering = await gather(world.services, king)
    before = await sequence_of(world, gathering)
    await asyncio.gather(
        *(world.services.gatherings.invite(king, gathering.id, each.id) for each in others),
        world.services.gatherings.update(
            king, gathering.id, completed=False, starts=world.services.clock.now() + 2 * HOUR
        ),
    )
    assert await sequence_of(world, gathering) == before + 6
    # Whoever's invitation was overtaken by the move ends up with the new time all the same.
    for person in others:
        assert only(await calendar_of(world, person)).start == world.services.clock.now() + 2 * HOUR


async def test_whoever_moves_too_often_is_stopped_and_everybody_knows_the_time_that_stands(
    world: World,
) -> None:
    king, ben = await make_person(world.services), await make_person(world.services)
    gathering = await gather(world.services, king, ben)
    starts = world.services.clock.now() + HOUR
    for hours in range(1, 6):
        await world.services.gatherings.update(
            king, gathering.id, completed=False, starts=starts + hours * HOUR
        )
    with pytest.raises(Throttled):
        await world.services.gatherings.update(king, gathering.id, completed=False, starts=starts)
    assert only(await calendar_of(world, ben)).start == starts + 5 * HOUR


async def test_old_news_puts_nothing_back_into_calendars(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    agreed = await agree_on_call(world, guest, hero)
    cancelled = await world.services.bookings.cancel(agreed, guest.id)
    await world.services.background.idle()
    await world.database.outbox._collection.delete_many({})
    seen = len(world.services.practice.mail.letters_to(guest.email))
    # A process died before it had told that the time was agreed.
    for news in (*agreed.news, *cancelled.news):
        await world.services.letters.heard(cancelled, news)
    await world.services.background.idle()
    program = CalendarProgram()
    letters = world.services.practice.mail.letters_to(guest.email)
    assert len(letters) == seen
    assert sum(letter["copies"] == 2 for letter in letters) >= 2
    program.take_all([letter for letter in letters if letter["copies"] == 2])
    assert program.events == {}
    assert len(program.ended) == 1


async def test_a_gathering_that_comes_with_a_funeral_goes_when_its_host_does(world: World) -> None:
    services = world.services
    zoe, bob = await make_person(services, first_name="Zoe"), await make_person(services, first_name="Bob")
    booking = await services.bookings.propose(
        Kind.MEMORIAL,
        host=zoe,
        guest_ids=[bob.id],
        by=zoe.id,
        starts=services.clock.now() + HOUR,
        minutes=60,
        details={"holder_id": 1, "in_memory_of": "John Doe"},
        firm=True,
    )
    await services.closing.close(zoe)
    assert (await calendar_of(world, bob)).ended == {uid_of(booking.id, booking.created)}


async def test_a_letter_that_is_sent_again_carries_the_same_invitation(
    database: Any, clock: FakeClock
) -> None:
    post = make_post(database, clock)
    post.mail.outcomes.extend([Sent(Outcome.RETRY), Sent(Outcome.UNKNOWN)])
    invite = Invite("REQUEST", "BEGIN:VCALENDAR\r\nX:PIN 482913 你好\r\nEND:VCALENDAR\r\n")
    await post.letter(invite=invite)
    await post.settle()
    await post.sweep(minutes=1)
    await post.sweep(minutes=1)
    assert [letter.invite for letter in post.mail.letters] == [invite] * 3
    assert len({letter.message_id for letter in post.mail.letters}) == 1
    kept = await database.outbox._collection.find_one({})
    assert b"482913" not in repr(kept).encode()


async def test_no_pin_of_an_invitation_is_in_a_log_or_in_clear_in_the_database(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    with caplog.at_level(logging.DEBUG):
        async with mailing_by_smtp(world, settings) as (services, server):
            booking = await agree_on_call(World(services, world.database), guest, hero)
            await services.background.idle()
            parts: list[Any] = [part for letter in server.letters for part in letter.message.walk()]
            pins = {
                found
                for part in parts
                if part.get_content_type() == "text/calendar"
                for found in re.findall(rb",,(\d{6})#", part.get_payload(decode=True).replace(b"\\,", b","))
            }
    assert len(pins) == 2
    rows = await world.database.outbox._collection.find({"booking_id": booking.id}).to_list()
    kept = repr(rows) + repr(await world.database.bookings._collection.find_one({"_id": booking.id}))
    for pin in pins:
        assert pin.decode() not in caplog.text
        assert pin.decode() not in kept
    assert "VCALENDAR" not in caplog.text + kept
