"""News of bookings by e-mail: to whom it concerns, in his own time, once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.booking_makers import (
    World,
    accept_call,
    agree_on_call,
    make_caller,
    make_host,
    request_call,
    three_times,
)
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking
from thserver.domain.heroes import Hero
from thserver.domain.people import Person


class Call:
    def __init__(self, world: World, guest: Person, host: Person, hero: Hero) -> None:
        self.world, self.guest, self.host, self.hero = world, guest, host, hero
        self.services = world.services
        self._read: dict[str, int] = {}

    async def subjects(self, person: Person) -> list[str]:
        """Subjects of this person's letters since they were last asked for."""
        return [letter["subject"] for letter in await self.letters(person)]

    async def letters(self, person: Person) -> list[dict[str, str]]:
        await self.services.background.idle()
        assert person.email is not None
        letters = self.services.practice.mail.letters_to(person.email)
        fresh = letters[self._read.get(person.email, 0) :]
        self._read[person.email] = len(letters)
        return fresh

    async def nothing_unread(self) -> None:
        for person in (self.guest, self.host):
            await self.letters(person)

    async def request(self) -> Booking:
        return await request_call(self.world, self.guest, self.hero)


@pytest.fixture
def call(world: World, io_loop: object) -> Call:
    async def make() -> Call:
        guest = await make_caller(world)
        host, hero = await make_host(world)
        host = await world.database.people.change(host.id, {"timezone": "America/New_York"})
        made = Call(world, guest, host, hero)
        await made.nothing_unread()
        return made

    return io_loop.run_sync(make)  # type: ignore[attr-defined]


async def test_a_request_is_told_to_the_host_only(call: Call) -> None:
    await call.request()
    (letter,) = await call.letters(call.host)
    assert letter["subject"] == "Cam Newton asks you for a call"
    assert "Teach me how to throw!" in letter["text"]
    assert await call.letters(call.guest) == []


async def test_accepting_is_told_to_the_guest_with_the_times_in_his_zone(call: Call) -> None:
    await accept_call(call.world, call.guest, call.hero)
    (letter,) = await call.letters(call.guest)
    assert "accepts" in letter["subject"]
    for hour in ("10:00", "11:00", "12:00"):
        assert re.search(rf"Monday, March 2, 2026, {hour} [AP]M CST", letter["text"])
    assert await call.subjects(call.host) == ["Cam Newton asks you for a call"]


async def test_new_times_are_told_to_the_other_side(call: Call) -> None:
    booking = await accept_call(call.world, call.guest, call.hero)
    await call.nothing_unread()
    await call.services.bookings.suggest(booking, call.guest.id, three_times(call.world, after=300))
    (letter,) = await call.letters(call.host)
    assert "Monday, March 2, 2026, 3:00 PM EST" in letter["text"]
    assert await call.letters(call.guest) == []


async def test_the_agreed_time_is_told_to_both_with_number_and_pin(call: Call) -> None:
    await agree_on_call(call.world, call.guest, call.hero)
    for person, time in ((call.guest, "10:00 AM CST"), (call.host, "11:00 AM EST")):
        letter = (await call.letters(person))[-1]
        assert f"Monday, March 2, 2026, {time}" in letter["subject"]
        assert "+1 202-555-0100" in letter["text"]
        assert re.search(r"asked for it: [1-9][0-9]{5}\n", letter["text"])


async def test_declining_is_told_to_the_guest_with_the_reason(call: Call) -> None:
    booking = await call.request()
    await call.nothing_unread()
    await call.services.bookings.decline(booking, call.host.id, "Not my subject.")
    (letter,) = await call.letters(call.guest)
    assert "Not my subject." in letter["text"]
    assert await call.letters(call.host) == []


async def test_cancelling_is_told_to_both_and_the_reason_to_the_other_side(call: Call) -> None:
    booking = await agree_on_call(call.world, call.guest, call.hero)
    await call.nothing_unread()
    await call.services.bookings.cancel(booking, call.guest.id, reason="I am ill.")
    (own,), (other,) = await call.letters(call.guest), await call.letters(call.host)
    assert own["subject"] == "You cancelled your call with Tom Brady"
    assert other["subject"] == "Your call with Cam Newton is cancelled"
    assert re.search(r"Your call with Cam Newton on .* 2026, .* is cancelled\.", other["text"])
    assert "I am ill." in other["text"]
    assert "I am ill." not in own["text"]


async def test_a_call_that_did_not_take_place_is_told_to_both(call: Call) -> None:
    booking = await agree_on_call(call.world, call.guest, call.hero)
    await call.nothing_unread()
    await call.services.bookings.mark_missed(booking)
    assert await call.subjects(call.guest) == ["Your call with Tom Brady did not take place"]
    assert await call.subjects(call.host) == ["Your call with Cam Newton did not take place"]


async def test_a_request_that_lapsed_is_told_to_both(call: Call, clock: FakeClock) -> None:
    await call.request()
    await call.nothing_unread()
    clock.advance(days=15)
    assert await call.services.bookings.lapse_stale(clock.now()) == 1
    assert await call.subjects(call.guest) == ["The request for a call with Tom Brady has lapsed"]
    assert await call.subjects(call.host) == ["The request for a call with Cam Newton has lapsed"]


async def test_news_that_is_told_twice_is_one_letter(call: Call) -> None:
    booking = await call.request()
    await call.services.background.idle()
    for _ in range(3):
        await call.services.news.tell_now(booking)
    assert len(await call.letters(call.host)) == 1


async def test_news_that_a_dead_process_left_is_told_by_the_sweep(
    call: Call, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call.services.news, "tell", lambda booking: None)
    await call.request()
    assert await call.letters(call.host) == []
    clock.advance(minutes=1)
    assert await call.services.news.tell_left_over() == 1
    assert len(await call.letters(call.host)) == 1
    clock.set(clock.now() + timedelta(minutes=1))
    assert await call.services.news.tell_left_over() == 0


async def test_old_news_tells_the_times_that_it_was_about(call: Call) -> None:
    booking = await accept_call(call.world, call.guest, call.hero)
    accepted = booking.news[-1]
    later = await call.services.bookings.suggest(booking, call.guest.id, three_times(call.world, after=300))
    await call.nothing_unread()
    await call.world.database.outbox._collection.delete_many({})
    await call.services.letters.heard(later, accepted)
    await call.services.background.idle()
    letter = call.services.practice.mail.letters_to(call.guest.email)[-1]
    assert letter["copies"] == 2
    assert "10:00 AM CST" in letter["text"]
    assert " 2:00 PM CST" not in letter["text"]


async def test_who_wants_no_mail_gets_none(call: Call) -> None:
    await call.world.database.people.change(call.host.id, {"email_notifications": False})
    await call.request()
    assert await call.letters(call.host) == []
