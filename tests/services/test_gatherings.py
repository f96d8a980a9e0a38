"""Gatherings beneath the wire: PINs, the king's time and room, invitations, and what sweeps leave alone."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from store import booking_documents
from store.booking_documents import taken
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.makers import mailed_token, make_person
from tests.pictures import picture
from thserver.domain import codes
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.errors import Invalid, NotFound, Throttled, TimeTaken
from thserver.domain.gatherings import Gathering
from thserver.domain.people import Person

SECRET = "a-secret-for-tests-only"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Court:
    """A king, two others, and what is kept of what they do."""

    def __init__(self, world: World, people: list[Person]) -> None:
        self.world = world
        self.services = world.services
        self.people = {person.id: person for person in people}
        self.king, self.ben, self.cat = people

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    async def gather(
        self,
        *others: Person,
        starts: datetime | None = None,
        title: str = "Board games",
        king: Person | None = None,
        description: str | None = None,
    ) -> Gathering:
        gathering = await self.services.gatherings.create(
            king or self.king,
            title=title,
            description=description,
            picture=await self.services.media.prepare(picture(), field="logo"),
            user_ids=[person.id for person in others],
            starts=starts,
        )
        await self.services.background.idle()
        return gathering

    async def leave(self, person: Person, gathering: Gathering) -> None:
        await self.services.gatherings.leave(person.id, gathering.id)
        await self.services.background.idle()

    async def kept(self, gathering: Gathering) -> Booking:
        booking = await self.world.database.bookings.get(gathering.id)
        assert booking is not None
        return booking

    async def document(self, gathering: Gathering) -> dict[str, Any]:
        found = await self.world.database.bookings._collection.find_one({"_id": gathering.id})
        assert found is not None
        return dict(found)

    def texts(self, person: Person, *, about: str = "") -> list[str]:
        """What the person read, codes aside."""
        assert person.phone is not None
        found = self.services.practice.carrier.texts_to(person.phone)
        return [text["body"] for text in found if " code is " not in text["body"] and about in text["body"]]


@pytest.fixture
def court(world: World, io_loop: object) -> Court:
    async def make() -> Court:
        names = (("Ann", "America/Chicago"), ("Ben", "America/New_York"), ("Cat", "Europe/London"))
        people = [
            await make_person(world.services, first_name=name, last_name="Lee", timezone=zone, verified=False)
            for name, zone in names
        ]
        return Court(world, people)

    return io_loop.run_sync(make)  # type: ignore[attr-defined]


def pin_in(text: str) -> str:
    found = re.search(r"PIN (\d{6})", text)
    assert found, text
    return found[1]


# Time, room and PINs.


async def test_with_a_time_it_is_firm_in_the_kings_room_with_a_pin_for_each(court: Court) -> None:
    starts = court.now + HOUR
    booking = await court.kept(await court.gather(court.ben, court.cat, starts=starts))
    assert (booking.kind, booking.state, booking.room) == (Kind.GATHERING, State.AGREED, "ann-lee")
    assert (booking.starts, booking.minutes, booking.rate_in_cents) == (starts, 60, 0)
    assert [pin.person_id for pin in booking.pins] == [court.king.id, court.ben.id, court.cat.id]
    assert len({pin.hash for pin in booking.pins}) == 3


async def test_without_a_time_it_waits_and_takes_nobodys_time(court: Court) -> None:
    gathering = await court.gather(court.ben)
    document = await court.document(gathering)
    assert document["state"] == "accepted"
    assert not {"starts", "ends", "taken", "pins"} & set(document)
    # Not even in a year does anybody sweep it away.
    court.services.clock.advance(days=365)  # type: ignore[attr-defined]
    assert await court.services.bookings.lapse_stale(court.now) == 0
    assert await court.services.billing.mark_missed() == 0
    assert (await court.services.gatherings.get(court.ben, gathering.id)) == gathering


async def test_a_time_that_is_taken_by_another_contract_is_refused(court: Court) -> None:
    starts = court.now + HOUR
    await court.services.bookings.propose(
        Kind.SESSION, host=court.king, guest_ids=[court.ben.id], by=court.ben.id, starts=starts, minutes=30
    )
    with pytest.raises(TimeTaken):
        await court.gather(starts=starts + 29 * MINUTE)
    await court.gather(starts=starts + 30 * MINUTE)


async def test_whoever_is_invited_has_a_pin_at_once_and_whoever_is_out_has_none(court: Court) -> None:
    gathering = await court.gather(starts=court.now + HOUR)
    gatherings = court.services.gatherings
    await gatherings.invite(court.king, gathering.id, court.ben.id)
    await gatherings.invite(court.ben, gathering.id, court.cat.id)
    first = (await court.kept(gathering)).pins
    assert [pin.person_id for pin in first] == [court.king.id, court.ben.id, court.cat.id]
    await gatherings.exclude(court.king, gathering.id, court.ben.id)
    await court.leave(court.cat, gathering)
    assert [pin.person_id for pin in (await court.kept(gathering)).pins] == [court.king.id]
    # Whoever comes back has the PIN that he had before.
    await gatherings.invite(court.king, gathering.id, court.ben.id)
    assert (await court.kept(gathering)).pins == first[:2]


async def test_a_pin_that_is_in_use_elsewhere_is_not_given_again(court: Court) -> None:
    gathering = await court.gather(starts=court.now + HOUR)
    clash = codes.keyed_hash(SECRET, "pin", codes.pin_for(SECRET, gathering.id, court.ben.id, 0))
    collection = court.world.database.bookings._collection
    await collection.insert_one({"_id": 9999, "pins": [{"hash": clash}], "people_ids": []})
    await court.services.gatherings.invite(court.king, gathering.id, court.ben.id)
    pin = (await court.kept(gathering)).pins[1]
    assert (pin.person_id, pin.attempt) == (court.ben.id, 1)


# The crown.


async def test_the_next_kings_time_and_room_are_taken_and_the_former_kings_are_free(court: Court) -> None:
    starts = court.now + HOUR
    gathering = await court.gather(court.ben, starts=starts)
    await court.leave(court.king, gathering)
    document = await court.document(gathering)
    assert document["host_id"] == court.ben.id
    assert document["people_ids"] == [court.ben.id]
    assert document["taken"] == taken(court.ben.id, starts, 60)
    assert document["room"] == "ben-lee"
    assert [pin["person_id"] for pin in document["pins"]] == [court.ben.id]
    await court.gather(starts=starts)
    with pytest.raises(TimeTaken):
        await court.gather(king=court.ben, starts=starts)


async def test_who_hosts_another_call_then_is_not_made_king_while_somebody_else_can_be(court: Court) -> None:
    starts = court.now + HOUR
    await court.gather(king=court.ben, starts=starts)
    for _ in range(5):
        gathering = await court.gather(court.ben, court.cat, starts=starts)
        await court.leave(court.king, gathering)
        assert (await court.kept(gathering)).host_id == court.cat.id
        await court.leave(court.cat, gathering)
        # Now there is nobody but Ben: he is king of two at once, and this one keeps no time of his.
        document = await court.document(gathering)
        assert document["host_id"] == court.ben.id
        assert "taken" not in document
        await court.leave(court.ben, gathering)


async def test_the_last_one_takes_it_with_him(court: Court) -> None:
    gathering = await court.gather(starts=court.now + HOUR)
    await court.leave(court.king, gathering)
    document = await court.document(gathering)
    assert (document["state"], document["people_ids"]) == ("cancelled", [])
    assert not {"taken", "pins"} & set(document)
    assert "logo" not in document["details"]
    await court.gather(starts=court.now + HOUR)


async def test_a_logo_that_a_crash_has_left_is_collected_and_one_that_is_shown_is_not(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await court.gather(title="Shown")
    gone = await court.gather(title="Gone")

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(court.services.media, "remove", dies)
    with pytest.raises(RuntimeError):
        await court.services.gatherings.leave(court.king.id, gone.id)
    monkeypatch.undo()
    court.services.clock.advance(hours=2)  # type: ignore[attr-defined]
    assert await court.services.media.collect_orphans() == 1
    files = await court.world.database.media_files._collection.find({"metadata.purpose": "logo"}).to_list()
    assert shown.logo_id in {each["filename"] for each in files}
    assert gone.logo_id not in {each["filename"] for each in files}


async def test_of_king_and_heir_who_leave_at_once_neither_stays(court: Court) -> None:
    for _ in range(5):
        gathering = await court.gather(court.ben, court.cat, starts=court.now + HOUR)
        await asyncio.gather(
            court.services.gatherings.leave(court.king.id, gathering.id),
            court.services.gatherings.leave(court.ben.id, gathering.id),
        )
        booking = await court.kept(gathering)
        assert booking.people_ids == (court.cat.id,)
        assert [pin.person_id for pin in booking.pins] == [court.cat.id]
        await court.leave(court.cat, gathering)


async def test_who_leaves_while_he_is_invited_or_sent_away_is_in_or_out_but_not_half(court: Court) -> None:
    gathering = await court.gather(court.ben, court.cat, starts=court.now + HOUR)
    gatherings = court.services.gatherings
    for _ in range(5):
        results = await asyncio.gather(
            gatherings.leave(court.ben.id, gathering.id),
            gatherings.invite(court.cat, gathering.id, court.ben.id),
            gatherings.exclude(court.king, gathering.id, court.ben.id),
            return_exceptions=True,
        )
        assert sum(not isinstance(result, Exception) for result in results) >= 1
        booking = await court.kept(gathering)
        assert sorted(pin.person_id for pin in booking.pins) == sorted(booking.people_ids)
        assert len(set(booking.people_ids)) == len(booking.people_ids)
        if court.ben.id not in booking.people_ids:
            await gatherings.invite(court.king, gathering.id, court.ben.id)


# Completing.


async def test_completed_before_its_time_it_is_called_off_and_the_others_are_told(court: Court) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    await court.services.gatherings.update(court.king, gathering.id, completed=True)
    await court.services.background.idle()
    document = await court.document(gathering)
    assert document["state"] == "cancelled"
    assert not {"taken", "pins"} & set(document)
    said = 'Ann Lee has called off "Board games" at 11:00 AM EST (Mon Mar 2).'
    assert court.texts(court.ben, about="called off") == [said]
    assert court.texts(court.king) == []
    court.services.clock.advance(minutes=50)  # type: ignore[attr-defined]
    assert await court.services.reminders.send_due() == 0


async def test_completed_on_the_way_the_rest_of_the_kings_time_is_free(
    court: Court, clock: FakeClock
) -> None:
    starts = court.now + HOUR
    gathering = await court.gather(court.ben, starts=starts)
    clock.set(starts + 20 * MINUTE)
    await court.services.gatherings.update(court.king, gathering.id, completed=True)
    booking = await court.kept(gathering)
    assert (booking.state, booking.minutes) == (State.HELD, 20)
    await court.gather(starts=court.now + MINUTE)
    clock.advance(hours=3)
    assert await court.services.billing.mark_missed() == 1  # The other one.
    assert (await court.kept(gathering)).state is State.HELD


async def test_completed_without_a_time_or_after_nobody_came_is_the_kings_word(
    court: Court, clock: FakeClock
) -> None:
    timeless = await court.gather()
    missed = await court.gather(court.ben, starts=court.now + HOUR)
    clock.advance(hours=4)
    assert await court.services.billing.mark_missed() == 1
    for gathering, state in ((timeless, State.HELD), (missed, State.MISSED)):
        done = await court.services.gatherings.update(court.king, gathering.id, completed=True)
        assert done.completed
        assert (await court.kept(gathering)).state is state


async def test_one_that_nobody_came_to_goes_on_until_the_king_says_otherwise(
    court: Court, clock: FakeClock
) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    clock.advance(hours=4)
    await court.services.billing.mark_missed()
    shown = await court.services.gatherings.invite(court.ben, gathering.id, court.cat.id)
    assert shown.member_ids == (court.king.id, court.ben.id, court.cat.id)
    assert (await court.kept(gathering)).pins == ()
    await court.leave(court.king, gathering)
    assert len((await court.kept(gathering)).people_ids) == 2
    # Nobody is told anything of a bill.
    assert court.texts(court.ben, about="$") == []


# Telling.


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
    token = await mailed_token(services, court.ben.email or "", length=10)
    await services.people.prove_email(court.ben, token)
    await people.change(court.ben.id, {"phone": None})
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
    for _ in range(1000):
        await court.world.database.limits.count(
            f"invitations:{court.king.id}", window=HOUR, now=court.now, by=2
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


# Rooms.


async def test_the_room_keeps_its_name_while_somebody_is_on_the_way_there(
    court: Court, clock: FakeClock
) -> None:
    starts = court.now + HOUR
    gathering = await court.gather(court.ben, starts=starts)
    rooms = court.world.database.rooms
    clock.set(starts)
    assert await rooms.claim("ann-lee", gathering.id, now=court.now, until=court.now + 2 * MINUTE)
    await court.leave(court.king, gathering)
    document = await court.document(gathering)
    assert (document["room"], document["details"]["next_room"]) == ("ann-lee", "ben-lee")
    await court.world.database.gatherings.take_next_room(gathering.id)
    await court.world.database.gatherings.take_next_room(gathering.id)
    document = await court.document(gathering)
    assert document["room"] == "ben-lee"
    assert "next_room" not in document["details"]


async def test_nobody_is_found_who_is_not_in_it(court: Court) -> None:
    gathering = await court.gather(court.ben)
    for change in (
        court.services.gatherings.get(court.cat, gathering.id),
        court.services.gatherings.leave(court.cat.id, gathering.id),
        court.services.gatherings.invite(court.cat, gathering.id, court.ben.id),
        court.services.gatherings.exclude(court.cat, gathering.id, court.ben.id),
        court.services.gatherings.update(court.cat, gathering.id, completed=True),
    ):
        with pytest.raises(NotFound):
            await change


async def test_who_stands_in_a_booking_without_an_account_is_not_found(court: Court) -> None:
    await court.world.database.people.change(court.ben.id, {"guest_email": "ben@example.com"})
    gathering = await court.gather(court.ben, court.cat)
    assert gathering.member_ids == (court.king.id, court.cat.id)
    with pytest.raises(Invalid):
        await court.services.gatherings.invite(court.king, gathering.id, court.ben.id)
    assert await court.services.visibility.seen_by_ids(court.king.id, [court.ben.id]) == []


async def test_every_question_is_answered_from_an_index(court: Court) -> None:
    await court.gather(court.ben, starts=court.now + HOUR)
    collection = court.world.database.bookings._collection
    query = {"people_ids": court.ben.id, "kind": "gathering", "details.completed": False}
    plan = str((await collection.find(query).sort([("created", -1), ("_id", -1)]).explain())["queryPlanner"])
    assert "'indexName': 'of_person'" in plan
    assert "'stage': 'SORT'" not in plan.partition("rejectedPlans")[0]
