"""A phone rings: who is let in, who waits, and who hears what."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import pytest

from store.calls import Calls
from store.connection import connect
from store.database import Database
from tests.handlers.phone.conftest import Scene
from thserver.domain.errors import Unavailable
from twiml import conversation, sentences


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


# PINs.


async def test_the_right_pin_opens_the_door_from_any_phone(scene: Scene) -> None:
    for person, number in ((scene.guest, None), (scene.host, "+12025559999")):
        line = scene.line(number)
        heard = await line.type(await line.ring(), scene.pin_of(person))
        assert heard.is_let_in
        assert heard.said.startswith(f"Hello {person.first_name}.")


async def test_three_wrong_pins_end_the_call(scene: Scene) -> None:
    line = scene.line(None)
    heard = await line.ring()
    heard = await line.type(heard, scene.wrong_pin())
    assert heard.asks_pin
    heard = await line.type(heard, scene.wrong_pin())
    assert heard.asks_pin
    heard = await line.type(heard, scene.wrong_pin())
    assert heard.said == sentences.TOO_MANY_PINS
    assert heard.root.find("Hangup") is not None


async def test_five_failures_lock_the_caller_for_the_hour_even_with_the_right_pin(scene: Scene) -> None:
    guesses = 0
    for _ in range(3):
        line = scene.line("+12025559999")
        heard = await line.ring()
        while heard.asks_pin:
            heard = await line.type(heard, scene.wrong_pin())
            guesses += 1
    assert guesses == 5
    assert heard.said == sentences.LOCKED
    line = scene.line("+12025559999")
    assert (await line.ring()).said == sentences.LOCKED
    assert (await scene.ring("+12025559998")).asks_pin, "nobody else is locked"
    assert (await scene.ring(scene.guest)).is_let_in
    scene.clock.advance(hours=1)
    assert (await scene.ring("+12025559999")).asks_pin


async def test_a_hundred_calls_with_a_borrowed_number_get_five_guesses(scene: Scene) -> None:
    evaluated = 0
    for _ in range(20):
        line = scene.line(scene.guest, StirVerstat="TN-Validation-Failed-C")
        heard = await line.ring()
        while heard.asks_pin:
            heard = await line.type(heard, scene.wrong_pin())
            evaluated += 1
    assert evaluated == 5


async def test_guesses_that_race_are_counted_before_they_are_compared(scene: Scene) -> None:
    lines = [scene.line("+12025559999") for _ in range(12)]
    asked = [await line.ring() for line in lines]
    answers = await asyncio.gather(
        *(line.type(heard, scene.wrong_pin()) for line, heard in zip(lines, asked, strict=True))
    )
    assert sum(heard.asks_pin for heard in answers) == 4
    assert sum(heard.said == sentences.LOCKED for heard in answers) == 8


async def test_right_pins_are_no_failures(scene: Scene) -> None:
    for _ in range(8):
        line = scene.line("+12025559999")
        assert (await line.type(await line.ring(), scene.pin_of(scene.guest))).is_let_in


@pytest.mark.parametrize("digits", ["", "*", "12345", "1234567", "1" * 500, "١٢٣٤٥٦", "12 456", "12345\n"])
async def test_what_is_no_pin_is_asked_again_and_not_counted(scene: Scene, digits: str) -> None:
    for _ in range(3):
        line = scene.line("+12025559999")
        heard = await line.type(await line.ring(), digits)
        assert sentences.NOT_A_PIN in heard.said
        heard = await line.type(await line.type(heard, digits), digits)
        assert heard.said == sentences.TOO_MANY_PINS
    line = scene.line("+12025559999")
    assert (await line.type(await line.ring(), scene.pin_of(scene.guest))).is_let_in


async def test_a_right_pin_at_the_wrong_time_is_told_so(scene: Scene) -> None:
    scene.clock.set(scene.starts - timedelta(hours=1))
    line = scene.line(None)
    assert (
        "You can dial in 50 minutes from now"
        in (await line.type(await line.ring(), scene.pin_of(scene.guest))).said
    )
    scene.clock.set(scene.starts + timedelta(hours=3))
    line = scene.line(None)
    assert (
        sentences.nothing_scheduled() in (await line.type(await line.ring(), scene.pin_of(scene.guest))).said
    )


async def test_the_pin_of_a_cancelled_call_is_wrong(scene: Scene) -> None:
    pin = scene.pin_of(scene.guest)
    await scene.world.services.bookings.cancel(scene.booking, scene.guest.id)
    line = scene.line(None)
    assert sentences.WRONG_PIN in (await line.type(await line.ring(), pin)).said


async def test_no_pin_is_kept_or_logged(
    scene: Scene, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    line = scene.line(None)
    pin, wrong = scene.pin_of(scene.guest), scene.wrong_pin()
    await line.type(await line.type(await line.ring(), wrong), pin)
    for collection in (database.calls, database.limits, database.conference_events):
        async for document in collection._collection.find({}):
            assert pin not in str(document)
            assert wrong not in str(document)
    assert pin not in caplog.text
    assert wrong not in caplog.text


# Trouble.


async def test_without_the_database_a_ring_is_answered_with_the_apology(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object, **kwargs: object) -> None:
        raise Unavailable

    monkeypatch.setattr(type(scene.world.database.admissions), "of_phone", away)
    heard = await scene.ring(scene.guest)
    assert heard.raw.decode() == conversation.APOLOGY
    monkeypatch.undo()
    assert (await scene.ring(scene.guest)).is_let_in


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_database_that_is_gone_is_apologised_for_in_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Database(connect("mongodb://127.0.0.1:1/gone"), "gone")
    monkeypatch.setattr(scene.world.services.admissions, "_admissions", gone.admissions)
    before = asyncio.get_running_loop().time()
    assert (await scene.ring(scene.guest)).said == sentences.SORRY
    heard = await scene.line(scene.guest).post(f"/phone/wait/{scene.booking.id}/{scene.guest.id}")
    assert heard.said == sentences.SOMEBODY_IS_MISSING
    assert asyncio.get_running_loop().time() - before < 2 * 4.5
    await gone.close()
    # The driver leaves sockets of connections that it gave up to the collector: not to that of the next test.
    gc.collect()


async def test_an_apology_is_not_kept_for_the_next_try(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: object, **kwargs: object) -> None:
        raise Unavailable

    line = scene.line(scene.guest)
    monkeypatch.setattr(Calls, "begin", away)
    assert (await line.ring()).said == sentences.SORRY
    monkeypatch.undo()
    assert (await line.ring()).is_let_in


async def test_a_ring_that_takes_too_long_gets_the_apology_within_four_seconds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*args: object, **kwargs: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(type(scene.world.database.admissions), "of_phone", slow)
    before = asyncio.get_running_loop().time()
    assert (await scene.ring(scene.guest)).said == sentences.SORRY
    assert 3.5 < asyncio.get_running_loop().time() - before < 4.9


async def test_a_bug_is_heard_as_an_apology_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(scene.world.database.admissions), "of_phone", broken)
    assert (await scene.ring(scene.guest)).said == sentences.SORRY


async def test_the_fallback_needs_no_database(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for collection in vars(scene.world.database).values():
        if hasattr(collection, "_collection"):
            monkeypatch.setattr(collection, "_collection", None)
    assert (await scene.line(None).post("/phone/voice/fallback")).said == sentences.SORRY


async def test_what_is_not_signed_is_refused_empty_and_leaves_nothing(
    scene: Scene, database: Database
) -> None:
    for path in (
        "/phone/voice",
        "/phone/voice/fallback",
        "/phone/voice/pin/1",
        "/phone/voice/choice/1",
        f"/phone/voice/hold/{scene.booking.id}/1",
        f"/phone/wait/{scene.booking.id}/{scene.guest.id}",
        f"/phone/conferences/{scene.booking.id}/events",
    ):
        answer = await scene.company.post(
            path,
            {"CallSid": "CA1", "ConferenceSid": "CF1", "From": scene.guest.phone or ""},
            signature="bm90IGEgc2lnbmF0dXJl",
        )
        assert (answer.code, answer.body) == (403, b""), path
        answer = await scene.company.send(path, None, {}, method="GET")
        assert answer.code == 405, path
    for collection in (database.calls, database.conference_events, database.rooms):
        assert await collection._collection.count_documents({}) == 0


@pytest.mark.parametrize("sid", ["", "CA", "XX1", "CA/../1", "CA" + "1" * 100])
async def test_a_call_without_a_proper_sid_gets_the_apology(scene: Scene, sid: str) -> None:
    line = scene.line(scene.guest)
    line.sid = sid
    assert (await line.ring()).said == sentences.SORRY
    assert (await line.post("/phone/voice/pin/1", Digits="123456")).said == sentences.SORRY


async def test_steps_of_a_call_that_never_rang_get_the_apology(scene: Scene) -> None:
    line = scene.line(scene.guest)
    for path in ("/phone/voice/pin/1", "/phone/voice/choice/1", f"/phone/voice/hold/{scene.booking.id}/1"):
        assert (await line.post(path, Digits="1")).said == sentences.SORRY


async def test_hostile_parameters_are_only_text(scene: Scene) -> None:
    heard = await scene.ring(
        '{"$gt": ""}', CallerName="</Say><Dial>+1900</Dial>", FromCity="]]>", SpeechResult="\U0001f600" * 400
    )
    assert heard.asks_pin
    assert {verb.tag for verb in heard.root.iter()} <= {"Response", "Pause", "Gather", "Say"}


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


async def test_after_five_failures_not_even_the_right_pin_is_looked_at(scene: Scene) -> None:
    lines = [scene.line("+12025559999") for _ in range(6)]
    asked = [await line.ring() for line in lines]
    for line, heard in zip(lines[:5], asked[:5], strict=True):
        await line.type(heard, scene.wrong_pin())
    heard = await lines[5].type(asked[5], scene.pin_of(scene.guest))
    assert heard.said == sentences.LOCKED


async def test_of_many_guesses_at_once_five_are_looked_at(scene: Scene) -> None:
    right = scene.pin_of(scene.guest)
    lines = [scene.line("+12025559999") for _ in range(60)]
    asked = await asyncio.gather(*(line.ring() for line in lines))
    guesses = [scene.wrong_pin()] * 59 + [right]
    answers = await asyncio.gather(
        *(line.type(heard, pin) for line, heard, pin in zip(lines, asked, guesses, strict=True))
    )
    assert sum(heard.asks_pin for heard in answers) <= 5
    assert sum(heard.is_let_in for heard in answers) <= 1
