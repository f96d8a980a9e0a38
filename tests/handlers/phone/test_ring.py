"""Who rings and is let in: by his number and the time, once however often the carrier asks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from store.database import Database
from tests.handlers.phone.conftest import Scene
from thserver.domain.errors import Unavailable
from twiml import sentences


async def test_the_right_caller_is_greeted_and_let_into_the_heros_room(scene: Scene) -> None:
    heard = await scene.ring(scene.guest)
    assert heard.said.startswith(
        "Hello Cam. It is 9:55 AM where you are. You are about to talk with Tom Brady"
    )
    assert heard.room is not None
    assert heard.room.text == scene.host.slug
    assert heard.room.get("maxParticipants") == "2"
    assert heard.room.get("statusCallbackEvent") == "start end join leave"
    assert f"/phone/conferences/{scene.booking.id}/events#rc=1" in heard.room.get("statusCallback", "")
    assert heard.root.find("Dial").get("timeLimit") == str(120 * 60)  # type: ignore[union-attr]
    assert [verb.tag for verb in heard.root][-2:] == ["Say", "Hangup"]


async def test_each_leg_has_a_label_of_its_own(scene: Scene) -> None:
    labels = {
        (await scene.ring(caller)).room.get("participantLabel")  # type: ignore[union-attr]
        for caller in (scene.guest, scene.host, scene.guest)
    }
    assert len(labels) == 3


@pytest.mark.parametrize("minutes", [-10, 0, 30, 89])
async def test_the_door_is_open_from_ten_minutes_before_until_an_hour_after(
    scene: Scene, minutes: int
) -> None:
    scene.clock.set(scene.starts + timedelta(minutes=minutes))
    assert (await scene.ring(scene.guest)).is_let_in


async def test_too_early_is_told_when_to_dial_in(scene: Scene) -> None:
    scene.clock.set(scene.starts - timedelta(minutes=10, seconds=1))
    heard = await scene.ring(scene.guest)
    assert not heard.is_let_in
    assert "today at 10 AM. You can dial in 1 minute from now, at 9:50 AM." in heard.said


async def test_afterwards_there_is_nothing_scheduled(scene: Scene) -> None:
    scene.clock.set(scene.starts + timedelta(minutes=90))
    heard = await scene.ring(scene.guest)
    assert not heard.is_let_in
    assert heard.said == "Hello Cam. It is 11:30 AM where you are. " + sentences.nothing_scheduled()


async def test_a_cancelled_call_lets_nobody_in(scene: Scene) -> None:
    await scene.world.services.bookings.cancel(scene.booking, scene.guest.id)
    assert sentences.nothing_scheduled() in (await scene.ring(scene.guest)).said
    assert sentences.nothing_scheduled() in (await scene.ring(scene.host)).said


async def test_an_unknown_and_a_hidden_number_are_asked_for_a_pin_and_hear_nothing_personal(
    scene: Scene,
) -> None:
    for number in ("+12025559999", None, "anonymous", "", "Restricted"):
        heard = await scene.ring(number)
        assert heard.asks_pin
        assert "Cam" not in heard.said
        assert "Tom" not in heard.said


@pytest.mark.parametrize(
    ("verstat", "asked"),
    [
        ("TN-Validation-Failed-C", True),
        ("TN-Validation-Failed", True),
        ("TN-Validation-Failed-A-Diverted", True),
        ("TN-Validation-Passed-A", False),
        ("No-TN-Validation", False),
        ("", False),
    ],
)
async def test_a_number_that_the_network_does_not_vouch_for_needs_the_pin(
    scene: Scene, verstat: str, asked: bool
) -> None:
    heard = await scene.ring(scene.guest, StirVerstat=verstat)
    assert heard.asks_pin is asked
    assert heard.is_let_in is not asked
    assert asked is ("Cam" not in heard.said)


async def test_a_number_that_waits_for_its_code_is_told_so(scene: Scene, database: Database) -> None:
    await database.people.change(scene.guest.id, {"phone": None, "phone_pending": "+12025558888"})
    heard = await scene.ring("+12025558888")
    assert "has not been confirmed yet" in heard.said
    assert heard.asks_pin
    assert "Cam" not in heard.said


async def test_two_bookings_that_fit_are_chosen_by_digit(scene: Scene) -> None:
    second = await scene.another(scene.guest, minutes_later=30)
    scene.clock.set(scene.starts + timedelta(minutes=25))
    line = scene.line(scene.guest)
    heard = await line.ring()
    assert not heard.is_let_in
    assert "at 10 AM, press 1. For your call with Tom Brady, at 10:30 AM, press 2." in heard.said
    for wrong in ("", "3"):
        heard = await line.type(heard, wrong)
        assert "press 1" in heard.said
    heard = await line.type(heard, "2")
    assert heard.room is not None
    assert f"/conferences/{second.id}/" in heard.room.get("statusCallback", "")


async def test_three_wrong_choices_are_enough(scene: Scene) -> None:
    await scene.another(scene.guest, minutes_later=30)
    scene.clock.set(scene.starts + timedelta(minutes=25))
    line = scene.line(scene.guest)
    heard = await line.ring()
    for wrong in ("*", "0", "22"):
        heard = await line.type(heard, wrong)
    assert heard.said == sentences.NO_CHOICE


async def test_a_call_that_took_place_gives_way_to_the_next_one(scene: Scene, database: Database) -> None:
    second = await scene.another(minutes_later=60)
    await database.bookings._collection.update_one({"_id": scene.booking.id}, {"$set": {"state": "held"}})
    scene.clock.set(scene.starts + timedelta(minutes=55))
    heard = await scene.ring(scene.host)
    assert heard.room is not None
    assert f"/conferences/{second.id}/" in heard.room.get("statusCallback", "")


# The same again for a repeated request.


async def test_the_same_ring_twenty_times_at_once_gets_one_answer(scene: Scene, database: Database) -> None:
    line = scene.line(scene.guest)
    answers = await asyncio.gather(*(line.ring() for _ in range(20)))
    assert len({heard.raw for heard in answers}) == 1
    assert answers[0].is_let_in
    assert await database.calls._collection.count_documents({}) == 1


async def test_a_repeated_ring_is_answered_as_the_first_was_even_when_things_have_changed(
    scene: Scene,
) -> None:
    line = scene.line(scene.guest)
    first = await line.ring()
    scene.clock.advance(days=1)
    assert (await line.ring()).raw == first.raw


async def test_repeated_digits_are_answered_as_the_first_were_and_counted_once(scene: Scene) -> None:
    line = scene.line("+12025559999")
    asked = await line.ring()
    answers = await asyncio.gather(*(line.type(asked, scene.wrong_pin()) for _ in range(20)))
    assert len({heard.raw for heard in answers}) == 1
    assert sentences.WRONG_PIN in answers[0].said
    # Even the right one, when it comes as a repetition.
    assert (await line.type(asked, scene.pin_of(scene.guest))).raw == answers[0].raw
    heard = await line.type(answers[0], scene.pin_of(scene.guest))
    assert heard.is_let_in, "twenty repetitions of one wrong PIN are one failure"


# Waiting.


async def test_who_waits_hears_for_whom(scene: Scene) -> None:
    heard = await scene.line(scene.guest).post(f"/phone/wait/{scene.booking.id}/{scene.guest.id}")
    assert heard.said.startswith(
        "Tom Brady is not here yet. Please stay on the line. Your call is set for 10 AM."
    )
    assert heard.next_path(scene.company.base_url) == f"/phone/wait/{scene.booking.id}/{scene.guest.id}"


async def test_waiting_goes_on_without_the_database_or_the_booking(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = scene.line(scene.guest)
    assert (await line.post(f"/phone/wait/999999/{scene.guest.id}")).said == sentences.SOMEBODY_IS_MISSING
    assert (await line.post(f"/phone/wait/{scene.booking.id}/999999")).said == sentences.SOMEBODY_IS_MISSING

    async def away(*args: object, **kwargs: object) -> None:
        raise Unavailable

    monkeypatch.setattr(type(scene.world.database.admissions), "slot", away)
    heard = await line.post(f"/phone/wait/{scene.booking.id}/{scene.guest.id}")
    assert heard.said == sentences.SOMEBODY_IS_MISSING
    assert heard.root.find("Redirect") is not None
