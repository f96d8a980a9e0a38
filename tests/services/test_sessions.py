"""Sessions: availability against booking at their tightest moments, and who is told what by which switch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.makers import make_person
from thserver.domain.availability import SlotBooked, Window
from thserver.domain.bookings import Booking
from thserver.domain.errors import Invalid, TimeTaken, Unavailable
from thserver.domain.people import Person
from thserver.services.all import Services

HALF = timedelta(minutes=30)
HOUR = timedelta(hours=1)


class Pair:
    """A mentor with an hour of time in two slots, tomorrow at nine, and a mentee."""

    def __init__(self, services: Services, mentor: Person, mentee: Person, slots: list[Window]) -> None:
        self.services, self.mentor, self.mentee, self.slots = services, mentor, mentee, slots
        self.start: datetime = slots[0].starts

    async def ask(self, minutes: int = 30) -> Booking:
        return await self.services.sessions.request(
            self.mentee, window_id=self.slots[0].id, starts=self.start, minutes=minutes
        )

    async def take_back(self, place: int = 0) -> None:
        await self.services.availability.take_back(self.mentor.id, self.slots[place].id)

    async def letters(self, person: Person) -> list[str]:
        """Subjects of what this person was mailed about sessions."""
        await self.services.background.idle()
        assert person.email is not None
        found = self.services.practice.mail.letters_to(person.email)
        return [letter["subject"] for letter in found if "session" in letter["subject"].lower()]

    async def alerts(self, *, minutes_before: float) -> dict[int, int]:
        """By person, how many texts and letters with an alert went out at that moment."""
        before = self._said()
        self.services.clock.set(self.start - timedelta(minutes=minutes_before))  # type: ignore[attr-defined]
        await self.services.reminders.send_due()
        await self.services.background.idle()
        return {person_id: count - before[person_id] for person_id, count in self._said().items()}

    def _said(self) -> dict[int, int]:
        practice = self.services.practice
        counts = {}
        for person in (self.mentor, self.mentee):
            texts = practice.carrier.texts_to(person.phone) if person.phone else []
            letters = practice.mail.letters_to(person.email)
            counts[person.id] = sum("starts at" in text["body"] for text in texts) + sum(
                "starts on" in letter["text"] for letter in letters
            )
        return counts

    async def switch(self, person: Person, **flags: bool) -> None:
        await self.services.notification_settings.change(person.id, person.id, flags)


@pytest.fixture
def pair(services: Services, database: Database, io_loop: IOLoop) -> Pair:
    async def make() -> Pair:
        mentor = await make_person(services, first_name="Grace", last_name="Hopper")
        mentor = await database.people.change(mentor.id, {"is_mentor": True})
        mentee = await make_person(services, first_name="Ada", last_name="Lovelace")
        start = services.clock.now() + timedelta(hours=18)
        slots = await services.availability.publish(mentor, start, start + HOUR, in_slots=True)
        return Pair(services, mentor, mentee, slots)

    return io_loop.run_sync(make)


def just_before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, first: Callable[[], Awaitable[object]]
) -> None:
    """Let something else happen in the moment before this method runs for the first time."""
    original = getattr(owner, name)
    waiting = [first]

    async def late(*args: Any, **more: Any) -> Any:
        if waiting:
            await waiting.pop()()
        return await original(*args, **more)

    monkeypatch.setattr(owner, name, late)


async def test_a_window_that_is_being_booked_is_not_taken_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    async def take_back() -> None:
        with pytest.raises(SlotBooked):
            await pair.take_back()
        refused.append(True)

    just_before(monkeypatch, pair.services.bookings, "propose", take_back)
    await pair.ask()
    assert refused == [True]


@pytest.mark.parametrize("place", [0, 1])
async def test_a_window_that_went_while_somebody_asked_for_it_is_not_booked(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    just_before(monkeypatch, pair.services.availability._availability, "claim", lambda: pair.take_back(place))
    with pytest.raises(Invalid) as refusal:
        await pair.ask(60)
    assert refusal.value.problems == {"window": "not_available"}


@pytest.mark.parametrize("place", [0, 1])
async def test_a_booking_that_comes_while_a_window_is_taken_back_keeps_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    just_before(monkeypatch, pair.services.availability._availability, "remove", lambda: pair.ask(60))
    with pytest.raises(SlotBooked):
        await pair.take_back(place)
    assert len(await pair.services.availability.listed(skip=0, limit=9)) == 2


async def test_what_the_mentor_is_booked_for_otherwise_leaves_no_claim(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    just_before(monkeypatch, pair.services.bookings, "propose", pair.ask)
    with pytest.raises(TimeTaken):
        await pair.ask(60)
    found = await database.availability.with_window(pair.slots[1].id)
    assert found is not None
    assert found[2] == []
    await pair.take_back(1)


async def test_a_claim_whose_booking_may_have_been_made_is_left_to_age(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any, **more: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(pair.services.bookings, "propose", away)
    with pytest.raises(Unavailable):
        await pair.ask()
    with pytest.raises(SlotBooked):
        await pair.take_back()
    pair.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
    await pair.take_back()


async def test_a_booking_that_is_there_keeps_its_window_however_old_the_claim(pair: Pair) -> None:
    await pair.ask()
    pair.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
    with pytest.raises(SlotBooked):
        await pair.take_back()


# Who is told.


async def test_a_request_is_told_to_the_mentor_and_a_confirmation_to_the_mentee(pair: Pair) -> None:
    session = await pair.ask()
    assert await pair.letters(pair.mentor) == ["Ada Lovelace asks you for a session"]
    assert await pair.letters(pair.mentee) == []
    await pair.services.sessions.confirm(pair.mentor.id, session.id)
    (subject,) = await pair.letters(pair.mentee)
    assert subject.startswith(
        "Your session with Grace Hopper is confirmed: Tuesday, March 3, 2026, 3:00 AM CST"
    )
    # For his calendar.
    assert "is confirmed" in (await pair.letters(pair.mentor))[1]
    letter = pair.services.practice.mail.letters_to(pair.mentee.email)[-1]["text"]
    assert "dial +1 202-555-0100" in letter
    assert "your PIN when you are asked for it: " in letter


async def test_a_cancellation_is_told_to_the_other_one_only(pair: Pair) -> None:
    session = await pair.ask()
    await pair.services.sessions.cancel(pair.mentee.id, session.id)
    assert await pair.letters(pair.mentor) == [
        "Ada Lovelace asks you for a session",
        "Your session with Ada Lovelace is canceled",
    ]
    assert await pair.letters(pair.mentee) == []
    session = await pair.ask()
    await pair.services.sessions.cancel(pair.mentor.id, session.id)
    assert await pair.letters(pair.mentee) == ["Your session with Grace Hopper is canceled"]


async def test_the_mentee_is_told_when_nobody_confirmed_in_time(pair: Pair) -> None:
    await pair.ask()
    pair.services.clock.set(pair.start)  # type: ignore[attr-defined]
    assert await pair.services.bookings.lapse_stale(pair.start) == 1
    assert await pair.letters(pair.mentee) == ["Your session with Grace Hopper was not confirmed"]


async def test_each_switch_stops_its_own_letter(pair: Pair) -> None:
    await pair.switch(pair.mentor, session_requested=False)
    await pair.switch(pair.mentee, session_confirmed=False, session_canceled=False)
    session = await pair.ask()
    await pair.services.sessions.confirm(pair.mentor.id, session.id)
    await pair.services.sessions.cancel(pair.mentor.id, session.id)
    assert [subject.partition(":")[0] for subject in await pair.letters(pair.mentor)] == [
        "Your session with Ada Lovelace is confirmed",
        "You canceled your session with Ada Lovelace",
    ]
    assert await pair.letters(pair.mentee) == []
    await pair.switch(pair.mentor, session_confirmed=False)
    await pair.switch(pair.mentee, session_confirmed=True)
    session = await pair.ask()
    await pair.services.sessions.confirm(pair.mentor.id, session.id)
    await pair.services.sessions.cancel(pair.mentee.id, session.id)
    assert (await pair.letters(pair.mentor))[2:] == ["Your session with Ada Lovelace is canceled"]
    assert len(await pair.letters(pair.mentee)) == 1


async def confirmed(pair: Pair) -> Booking:
    session = await pair.ask()
    session = await pair.services.sessions.confirm(pair.mentor.id, session.id)
    await pair.services.background.idle()
    return session


async def test_both_are_alerted_sixty_and_fifteen_minutes_ahead(pair: Pair) -> None:
    await confirmed(pair)
    both, nobody = {pair.mentor.id: 1, pair.mentee.id: 1}, {pair.mentor.id: 0, pair.mentee.id: 0}
    assert await pair.alerts(minutes_before=60.1) == nobody
    assert await pair.alerts(minutes_before=60) == both
    assert await pair.alerts(minutes_before=30) == nobody
    assert await pair.alerts(minutes_before=15) == both
    assert await pair.alerts(minutes_before=5) == nobody


async def test_a_switch_counts_for_sessions_that_exist_already(pair: Pair) -> None:
    await confirmed(pair)
    await pair.switch(pair.mentor, sixty_minute_alert=False)
    await pair.switch(pair.mentee, fifteen_minute_alert=False)
    assert await pair.alerts(minutes_before=60) == {pair.mentor.id: 0, pair.mentee.id: 1}
    assert await pair.alerts(minutes_before=15) == {pair.mentor.id: 1, pair.mentee.id: 0}
    await pair.switch(pair.mentee, fifteen_minute_alert=True)
    assert await pair.alerts(minutes_before=14) == {pair.mentor.id: 0, pair.mentee.id: 1}


async def test_who_has_no_proven_phone_is_alerted_by_mail_with_a_pin(pair: Pair, database: Database) -> None:
    await database.people.change(pair.mentee.id, {"phone": None, "phone_pending": "+12025550177"})
    pair.mentee.phone = None
    await confirmed(pair)
    assert await pair.alerts(minutes_before=60) == {pair.mentor.id: 1, pair.mentee.id: 1}
    letter = pair.services.practice.mail.letters_to(pair.mentee.email)[-1]["text"]
    assert "PIN" in letter
    assert pair.services.practice.carrier.texts_to("+12025550177") == []


async def test_a_canceled_or_pending_session_is_not_alerted(pair: Pair) -> None:
    nobody = {pair.mentor.id: 0, pair.mentee.id: 0}
    await pair.ask()
    assert await pair.alerts(minutes_before=60) == nobody
    session = (await pair.services.sessions.of_person(pair.mentee.id, skip=0, limit=1))[0]
    await pair.services.sessions.confirm(pair.mentor.id, session.id)
    await pair.services.background.idle()
    await pair.services.sessions.cancel(pair.mentee.id, session.id)
    assert await pair.alerts(minutes_before=15) == nobody
