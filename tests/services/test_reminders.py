"""Reminders: due because a booking says so, once for each person, never for what is not on any more."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import datetime, timedelta

import pytest

from config.settings import Settings
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking, Kind
from thserver.domain.codes import keyed_hash
from thserver.domain.people import Person
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.reminders import Reminders
from thserver.wiring import wire

SECRET = "a-secret-for-tests-only"


class Call:
    """An agreed call at 16:00 UTC, an hour after the clock's start, between Cam (guest) and Tom (host)."""

    def __init__(self, world: World, guest: Person, host: Person, booking: Booking) -> None:
        self.world, self.guest, self.host, self.booking = world, guest, host, booking
        assert booking.starts is not None
        self.starts: datetime = booking.starts

    async def sweep(self, *, minutes_before: float | None = None) -> int:
        clock = self.world.services.clock
        assert isinstance(clock, FakeClock)
        if minutes_before is not None:
            clock.set(self.starts - timedelta(minutes=minutes_before))
        written = await self.world.services.reminders.send_due()
        await self.world.services.background.idle()
        return written

    def texts(self, person: Person) -> list[str]:
        assert person.phone is not None
        said = self.world.services.practice.carrier.texts_to(person.phone)
        return [text["body"] for text in said if text["body"].startswith("Your call with")]

    def letters(self, person: Person) -> list[dict[str, str]]:
        assert person.email is not None
        return [
            letter
            for letter in self.world.services.practice.mail.letters_to(person.email)
            if "Dial" in letter["text"] and "starts on" in letter["text"]
        ]

    async def row_state(self, person: Person, lead: int = 15) -> str | None:
        row = await self.world.database.outbox.get(f"reminder:{self.booking.id}:{person.id}:{lead}")
        return row.state.value if row is not None else None


@pytest.fixture
def call(world: World, io_loop: object) -> Call:
    async def make() -> Call:
        guest = await make_caller(world)
        host, hero = await make_host(world)
        await world.database.people.change(host.id, {"timezone": "America/New_York"})
        booking = await make_agreed_booking(world, guest, hero)
        await world.services.background.idle()
        return Call(world, guest, host, booking)

    return io_loop.run_sync(make)  # type: ignore[attr-defined]


async def test_both_are_reminded_once_fifteen_minutes_before(call: Call) -> None:
    assert await call.sweep(minutes_before=15.1) == 0
    assert await call.sweep(minutes_before=15) == 2
    for minutes in (14, 10, 1):
        assert await call.sweep(minutes_before=minutes) == 0
    assert len(call.texts(call.guest)) == len(call.texts(call.host)) == 1


async def test_a_reminder_has_the_readers_own_time_and_a_pin_that_works(call: Call) -> None:
    await call.sweep(minutes_before=15)
    (guest_text,), (host_text,) = call.texts(call.guest), call.texts(call.host)
    assert guest_text.startswith(
        "Your call with Tom Brady starts at 10:00 AM CST (Mon Mar 2). Dial +1 202-555-0100."
    )
    assert host_text.startswith("Your call with Cam Newton starts at 11:00 AM EST (Mon Mar 2).")
    for person, text in ((call.guest, guest_text), (call.host, host_text)):
        pin = text.partition("PIN ")[2][:6]
        kept = next(each for each in call.booking.pins if each.person_id == person.id)
        assert keyed_hash(SECRET, "pin", pin) == kept.hash


async def test_no_pin_of_a_reminder_is_readable_in_the_database(call: Call) -> None:
    await call.sweep(minutes_before=15)
    pin = call.texts(call.guest)[0].partition("PIN ")[2][:6]
    for collection in (call.world.database.outbox, call.world.database.bookings):
        documents = [document async for document in collection._collection.find()]
        assert pin not in repr(documents)


async def test_a_call_agreed_later_than_that_is_reminded_of_at_once(world: World, clock: FakeClock) -> None:
    guest = await make_caller(world)
    host, _ = await make_host(world)
    booking = await world.services.bookings.propose(
        Kind.SESSION, host=host, guest_ids=[guest.id], by=guest.id, starts=clock.now() + timedelta(minutes=5),
        minutes=30, firm=True,
    )  # fmt: skip
    await world.services.background.idle()
    assert booking.starts is not None
    assert guest.phone is not None
    said = [text["body"] for text in world.services.practice.carrier.texts_to(guest.phone)]
    assert sum(body.startswith("Your call with Tom Brady starts at 9:05 AM CST") for body in said) == 1


async def test_a_cancelled_call_is_not_reminded_of(call: Call) -> None:
    await call.world.services.bookings.cancel(call.booking, call.guest.id, reason="ill")
    assert await call.sweep(minutes_before=15) == 0
    assert call.texts(call.host) == []


async def test_a_call_that_is_cancelled_while_its_reminder_is_on_its_way_is_not_reminded_of(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The booking is looked at again just before sending: the answer to cancelling agrees with what happens."""
    monkeypatch.setattr(call.world.services.outbox, "_deliver_soon", lambda key: None)
    assert await call.sweep(minutes_before=15) == 2
    await call.world.services.bookings.cancel(call.booking, call.guest.id, reason="ill")
    await call.world.services.outbox.deliver_due()
    assert call.texts(call.guest) == call.texts(call.host) == []
    assert await call.row_state(call.guest) == "suppressed"


async def test_a_call_that_was_moved_is_not_reminded_of_at_its_former_time(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call.world.services.outbox, "_deliver_soon", lambda key: None)
    await call.sweep(minutes_before=15)
    later = call.starts + timedelta(hours=1)
    await call.world.database.bookings._collection.update_one(
        {"_id": call.booking.id}, {"$set": {"starts": later}}
    )
    await call.world.services.outbox.deliver_due()
    assert await call.row_state(call.guest) == "suppressed"


async def test_a_call_that_was_moved_is_reminded_of_again_at_its_new_time(call: Call) -> None:
    await call.sweep(minutes_before=15)
    later = call.starts + timedelta(hours=1)
    await call.world.database.bookings._collection.update_one(
        {"_id": call.booking.id}, {"$set": {"starts": later, "ends": later + timedelta(minutes=30)}}
    )
    assert await call.sweep(minutes_before=14) == 0
    call.starts = later
    assert await call.sweep(minutes_before=15) == 2
    assert await call.sweep(minutes_before=14) == 0
    assert [("10:00 AM" in text, "11:00 AM" in text) for text in call.texts(call.guest)] == [
        (True, False),
        (False, True),
    ]


async def test_after_a_standstill_it_goes_out_while_it_is_of_use(call: Call) -> None:
    assert await call.sweep(minutes_before=-59) == 2
    assert len(call.texts(call.guest)) == 1


async def test_after_a_longer_standstill_it_is_shown_as_missed(call: Call) -> None:
    assert await call.sweep(minutes_before=-61) == 2
    assert call.texts(call.guest) == []
    assert await call.row_state(call.guest) == await call.row_state(call.host) == "missed"


async def test_two_processes_remind_once(call: Call, clock: FakeClock, carrier: SimulatedCarrier) -> None:
    settings_like = call.world.services
    other = Reminders(
        database=call.world.database, clock=clock, outbox=settings_like.outbox, leads_in_min={},
        other_leads_in_min=(15,), grace=timedelta(hours=1), conference_number="+12025550100", secret_key=SECRET,
    )  # fmt: skip
    clock.set(call.starts - timedelta(minutes=15))
    written = await asyncio.gather(*(each.send_due() for each in (settings_like.reminders, other) * 5))
    await settings_like.background.idle()
    assert sum(written) == 2
    assert len(call.texts(call.guest)) == len(call.texts(call.host)) == 1


async def test_who_texted_stop_is_reminded_by_mail(call: Call, clock: FakeClock) -> None:
    assert call.guest.phone is not None
    await call.world.database.opt_outs.set(call.guest.phone, out=True, source="SM1", at=clock.now())
    await call.sweep(minutes_before=15)
    assert call.texts(call.guest) == []
    (letter,) = call.letters(call.guest)
    assert "10:00 AM CST" in letter["text"]
    assert "Your PIN" in letter["text"]
    assert len(call.texts(call.host)) == 1


async def test_who_has_no_phone_is_reminded_by_mail(call: Call) -> None:
    await call.world.database.people.change(call.guest.id, {"phone": None})
    assert await call.sweep(minutes_before=15) == 2
    assert len(call.letters(call.guest)) == 1


async def test_who_is_not_active_is_not_reminded(call: Call) -> None:
    await call.world.database.people.change(call.guest.id, {"is_active": False})
    await call.sweep(minutes_before=15)
    assert call.texts(call.guest) == []
    assert await call.row_state(call.guest) == "suppressed"


async def test_the_pass_over_many_calls_misses_none(
    call: Call, world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thserver.services.reminders.PAGE", 3)
    for number in range(7):
        host, _ = await make_host(world)
        await world.services.bookings.propose(
            Kind.MEETING, host=host, guest_ids=[call.guest.id], by=host.id,
            starts=call.starts + timedelta(seconds=number), minutes=30, firm=True,
        )  # fmt: skip
    await world.services.background.idle()
    assert await call.sweep(minutes_before=14) == 2 * 8


# Two leads, as other contracts have them.


def with_two_leads(call: Call, clock: FakeClock) -> Reminders:
    return Reminders(
        database=call.world.database, clock=clock, outbox=call.world.services.outbox,
        leads_in_min={Kind.CALL: (60, 15)}, other_leads_in_min=(15,), grace=timedelta(hours=1),
        conference_number="+12025550100", secret_key=SECRET,
    )  # fmt: skip


async def agreed_at(call: Call, *, minutes_before: float) -> None:
    moment = call.starts - timedelta(minutes=minutes_before)
    await call.world.database.bookings._collection.update_one(
        {"_id": call.booking.id}, {"$set": {"updated": moment}}
    )


async def run(reminders: Reminders, call: Call, clock: FakeClock, *, minutes_before: float) -> None:
    clock.set(call.starts - timedelta(minutes=minutes_before))
    await reminders.send_due()
    await call.world.services.background.idle()


async def test_each_lead_is_sent_in_its_time(call: Call, clock: FakeClock) -> None:
    reminders = with_two_leads(call, clock)
    await agreed_at(call, minutes_before=600)
    await run(reminders, call, clock, minutes_before=60)
    assert len(call.texts(call.guest)) == 1
    await run(reminders, call, clock, minutes_before=15)
    assert len(call.texts(call.guest)) == 2


async def test_a_lead_that_had_passed_when_the_time_was_agreed_is_left_out_if_another_follows(
    call: Call, clock: FakeClock
) -> None:
    reminders = with_two_leads(call, clock)
    await agreed_at(call, minutes_before=40)
    await run(reminders, call, clock, minutes_before=39)
    assert call.texts(call.guest) == []
    await run(reminders, call, clock, minutes_before=15)
    assert len(call.texts(call.guest)) == 1
    assert await call.row_state(call.guest, lead=60) is None


async def test_the_last_lead_is_sent_at_once_when_all_had_passed(call: Call, clock: FakeClock) -> None:
    reminders = with_two_leads(call, clock)
    await agreed_at(call, minutes_before=8)
    await run(reminders, call, clock, minutes_before=8)
    assert len(call.texts(call.guest)) == 1
    assert await call.row_state(call.guest, lead=15) == "done"
    assert await call.row_state(call.guest, lead=60) is None


async def test_a_standstill_over_both_leads_sends_one_and_shows_the_other_as_missed(
    call: Call, clock: FakeClock
) -> None:
    reminders = with_two_leads(call, clock)
    await agreed_at(call, minutes_before=600)
    await run(reminders, call, clock, minutes_before=10)
    assert len(call.texts(call.guest)) == 1
    assert await call.row_state(call.guest, lead=60) == "missed"
    assert await call.row_state(call.guest, lead=15) == "done"


async def test_the_lead_is_the_operators_to_set(call: Call, clock: FakeClock, settings: Settings) -> None:
    settings = dataclasses.replace(settings, sms_reminder_time_in_min=30)
    services = await wire(settings, call.world.database, clock=clock)
    services.practice.carrier.faults.drop_callbacks = True
    clock.set(call.starts - timedelta(minutes=30))
    assert await services.reminders.send_due() == 2
    await services.background.idle()
    await services.close()
