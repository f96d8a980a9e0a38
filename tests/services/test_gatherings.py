"""Gatherings as bookings: time, room and PINs, the crown, completing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from store.booking_documents import taken
from tests.fakes.clock import FakeClock
from tests.gathering_makers import HOUR, MINUTE, SECRET, Court
from tests.money_makers import make_conference, settle
from thserver.domain import codes
from thserver.domain.bookings import Kind, State
from thserver.domain.errors import Invalid, NotFound, TimeTaken

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


async def test_a_talk_before_a_time_that_was_moved_since_is_not_taken_for_the_meeting(
    court: Court, clock: FakeClock
) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    booking = await court.kept(gathering)
    clock.advance(minutes=51)
    await make_conference(court.world, booking, host=((0, 30),), guest=((0, 30),), starts=court.now)
    moved_to = court.now + 24 * HOUR
    await court.services.gatherings.update(court.king, gathering.id, completed=False, starts=moved_to)
    await settle(court.world)
    assert (await court.kept(gathering)).state is State.AGREED
    # So the king may think again, and everybody is reminded of the time that stands.
    await court.services.gatherings.update(court.king, gathering.id, completed=False, starts=moved_to + HOUR)
    clock.set(moved_to + 45 * MINUTE)
    assert await court.services.reminders.send_due() == 2
    clock.advance(hours=4)
    assert await court.services.billing.mark_missed() == 1
    assert (await court.kept(gathering)).state is State.MISSED


async def test_who_has_come_early_and_stays_to_the_meeting_has_met(court: Court, clock: FakeClock) -> None:
    gathering = await court.gather(court.ben, starts=court.now + HOUR)
    clock.advance(minutes=51)
    await make_conference(court.world, await court.kept(gathering), starts=court.now)
    starts = court.now + 30 * MINUTE
    await court.services.gatherings.update(court.king, gathering.id, completed=False, starts=starts)
    clock.set(starts)
    await settle(court.world)
    assert (await court.kept(gathering)).state is State.HELD


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
