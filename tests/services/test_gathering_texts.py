"""What is said of a gathering, to whom, and that nobody is texted without end."""

from __future__ import annotations

import re

import pytest

from store import booking_documents
from tests.fakes.clock import FakeClock
from tests.gathering_makers import HOUR, MINUTE, SECRET, Court
from thserver.domain import codes
from thserver.domain.errors import Throttled


def pin_in(text: str) -> str:
    found = re.search(r"PIN (\d{6})", text)
    assert found, text
    return found[1]


async def test_everybody_but_the_king_is_told_who_what_when_and_the_number(court: Court) -> None:
    gathering = await court.gather(court.ben, court.cat, starts=court.now + HOUR)
    assert court.texts(court.king) == []
    for person, when in ((court.ben, "11:00 AM EST (Mon Mar 2)"), (court.cat, "4:00 PM GMT (Mon Mar 2)")):
        (text,) = court.texts(person)
        pin = pin_in(text)
        assert text == (
            f'Ann Lee invites you to "Board games" at {when}. Dial +1 202-555-0100. PIN {pin} if asked.'
        )
        kept = next(each for each in (await court.kept(gathering)).pins if each.person_id == person.id)
        assert codes.keyed_hash(SECRET, "pin", pin) == kept.hash


async def test_who_is_invited_later_is_told_by_whom_and_again_when_he_comes_back(court: Court) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    gatherings = court.services.gatherings
    await gatherings.invite(court.ben, gathering.id, court.cat.id)
    await gatherings.invite(court.ben, gathering.id, court.cat.id)
    await court.services.background.idle()
    (text,) = court.texts(court.cat)
    assert text.startswith('Ben Lee invites you to "Board games" at 4:00 PM GMT (Mon Mar 2).')
    await gatherings.exclude(court.king, gathering.id, court.cat.id)
    await gatherings.invite(court.king, gathering.id, court.cat.id)
    await court.services.background.idle()
    assert court.texts(court.cat)[1:] == [text.replace("Ben Lee", "Ann Lee")]
    assert len(court.texts(court.ben)) == 1


async def test_without_a_time_the_text_says_so(court: Court) -> None:
    await court.gather(court.ben)
    assert court.texts(court.ben) == [
        'Ann Lee invites you to "Board games". No time is set yet. Calls will be on +1 202-555-0100.'
    ]


async def test_a_title_stays_on_its_line_and_short(court: Court) -> None:
    await court.gather(court.ben, title="Win\r\n\nbig </Say><Dial>+1900</Dial> " * 20)
    (text,) = court.texts(court.ben)
    assert "\n" not in text
    assert len(text) < 160


async def test_who_has_no_phone_is_told_by_letter(court: Court) -> None:
    services, people = court.services, court.world.database.people
    await people.change(court.ben.id, {"email_verified": True, "email_pending": None, "phone": None})
    await court.gather(court.ben, starts=court.now + HOUR, description="Bring <b>cake</b>")
    await court.services.background.idle()
    letter = services.practice.mail.letters_to(court.ben.email)[-1]
    assert letter["subject"] == "Ann Lee invites you to Board games"
    for said in ("Monday, March 2, 2026, 11:00 AM EST", "+1 202-555-0100", "PIN"):
        assert said in letter["text"]
    assert "Bring <b>cake</b>" in letter["text"]
    assert "Bring &lt;b&gt;cake&lt;/b&gt;" in letter["html"]


async def test_everybody_who_is_in_it_then_is_reminded_by_text(court: Court, clock: FakeClock) -> None:
    starts = court.now + HOUR
    gathering = await court.gather(court.ben, starts=starts)
    await court.services.gatherings.invite(court.king, gathering.id, court.cat.id)
    await court.services.gatherings.exclude(court.king, gathering.id, court.ben.id)
    await court.services.background.idle()
    clock.set(starts - 15 * MINUTE)
    assert await court.services.reminders.send_due() == 2
    await court.services.background.idle()
    assert court.texts(court.ben, about="starts at") == []
    (text,) = court.texts(court.cat, about="starts at")
    assert text.startswith("Your call with Ann Lee starts at 4:00 PM GMT (Mon Mar 2). Dial +1 202-555-0100.")
    # He was told the same PIN before.
    assert pin_in(text) == pin_in(court.texts(court.cat)[0])
    # Who comes in after that is reminded as well.
    await court.services.gatherings.invite(court.cat, gathering.id, court.ben.id)
    assert await court.services.reminders.send_due() == 1


async def test_what_was_to_be_said_to_somebody_who_is_out_by_now_is_not(
    court: Court, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = court.now + HOUR
    gathering = await court.gather(court.ben, starts=starts)
    before = court.texts(court.ben)
    monkeypatch.setattr(court.services.outbox, "_deliver_soon", lambda key: None)
    clock.set(starts - 15 * MINUTE)
    assert await court.services.reminders.send_due() == 2
    await court.services.gatherings.exclude(court.king, gathering.id, court.ben.id)
    await court.services.outbox.deliver_due()
    assert court.texts(court.ben) == before
    assert len(court.texts(court.king, about="starts at")) == 1


async def test_nobody_is_texted_by_one_person_without_end(court: Court) -> None:
    gatherings = court.services.gatherings
    gathering = await court.gather()
    for _ in range(8):
        await gatherings.invite(court.king, gathering.id, court.ben.id)
        await gatherings.exclude(court.king, gathering.id, court.ben.id)
        await court.services.background.idle()
    assert len(court.texts(court.ben)) == 5


async def test_what_is_known_of_a_gathering_does_not_grow_without_end(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_documents, "MOST_HISTORY", 4)
    gatherings = court.services.gatherings
    gathering = await court.gather(starts=court.now + HOUR)
    for _ in range(4):
        await gatherings.invite(court.king, gathering.id, court.ben.id)
        await gatherings.exclude(court.king, gathering.id, court.ben.id)
    history = await court.world.database.bookings.history(gathering.id)
    assert [each.what for each in history] == ["invited", "left"] * 2


async def test_invitations_are_throttled(court: Court, clock: FakeClock) -> None:
    for _ in range(10):
        await court.world.database.limits.count(
            f"invitations:{court.king.id}", window=HOUR, now=court.now, by=200
        )
    with pytest.raises(Throttled):
        await court.gather(court.ben)
    await court.gather()
    clock.advance(hours=1)
    await court.gather(court.ben)


async def test_news_that_a_crash_has_left_is_told_once(court: Court, clock: FakeClock) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    booking = await court.kept(gathering)
    assert booking.news == ()
    await court.world.database.bookings._collection.update_one(
        {"_id": gathering.id},
        {"$push": {"news": {"id": "invited:0", "what": "invited", "by": court.king.id, "at": court.now}}},
    )
    clock.advance(minutes=1)
    assert await court.services.news.tell_left_over() == 1
    await court.services.background.idle()
    assert len(court.texts(court.ben)) == 1
