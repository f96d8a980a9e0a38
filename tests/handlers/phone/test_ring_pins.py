"""PINs by phone: they open the door from any phone, and nobody guesses them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from store.database import Database
from tests.handlers.phone.conftest import Scene
from twiml import sentences


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
