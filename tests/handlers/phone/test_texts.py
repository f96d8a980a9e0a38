"""Texts that people send to the service, and the carrier's reports on those of the service."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.clients.phone_company import PhoneCompany
from tests.fakes.clock import FakeClock
from tests.handlers.phone.text_makers import EMPTY, STRANGER, message, new_sid, say
from thserver.services.all import Services


@pytest.mark.parametrize(
    "word", ["STOP", "stop ", "Stop. Thank you", "UNSUBSCRIBE", "End!", "STOPALL", "revoke"]
)
async def test_a_stop_word_opts_out_in_silence(
    phone_company: PhoneCompany, database: Database, word: str
) -> None:
    assert await say(phone_company, word) == EMPTY
    assert await database.opt_outs.has(STRANGER)


@pytest.mark.parametrize("words", ["please don't stop", "stop by at nine", "nonstop", "the end is near"])
async def test_a_stop_word_inside_a_sentence_is_no_opt_out(
    phone_company: PhoneCompany, database: Database, words: str
) -> None:
    assert message(await say(phone_company, words))
    assert not await database.opt_outs.has(STRANGER)


async def test_start_lifts_it(phone_company: PhoneCompany, database: Database, clock: FakeClock) -> None:
    await say(phone_company, "STOP")
    clock.advance(seconds=1)
    assert await say(phone_company, "unstop") == EMPTY
    assert not await database.opt_outs.has(STRANGER)


async def test_an_old_stop_that_is_posted_again_does_not_undo_a_start(
    phone_company: PhoneCompany, database: Database, clock: FakeClock
) -> None:
    await say(phone_company, "STOP", MessageSid="SMold")
    clock.advance(minutes=1)
    await say(phone_company, "START")
    clock.advance(days=1)
    assert await say(phone_company, "STOP", MessageSid="SMold") == EMPTY
    assert not await database.opt_outs.has(STRANGER)


async def test_the_carriers_own_reading_of_a_word_counts(
    phone_company: PhoneCompany, database: Database
) -> None:
    assert await say(phone_company, "arret", OptOutType="STOP") == EMPTY
    assert await database.opt_outs.has(STRANGER)


async def test_help_is_answered_with_a_contact(phone_company: PhoneCompany) -> None:
    for word in ("HELP", "info?"):
        said = message(await say(phone_company, word))
        assert "https://www.techheroes.xyz" in said
        assert "STOP" in said


async def test_anything_else_gets_one_helpful_line(phone_company: PhoneCompany) -> None:
    assert "not read" in message(await say(phone_company, "what is this?"))


async def test_who_has_a_call_soon_is_told_the_number_to_dial(
    phone_company: PhoneCompany, world: World
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    await make_agreed_booking(world, guest, hero)
    assert guest.phone is not None
    said = message(await say(phone_company, "where do I call?", sender=guest.phone))
    assert "Tom Brady" in said
    assert "+1 202-555-0100" in said
    assert "10:00 AM CST (Mon Mar 2)" in said


async def test_two_machines_that_answer_each_other_come_to_an_end(phone_company: PhoneCompany) -> None:
    answers = [await say(phone_company, "I am a machine") for _ in range(8)]
    assert [answer == EMPTY for answer in answers] == [False] * 5 + [True] * 3


async def test_nobody_is_answered_at_a_number_that_cannot_be_texted(phone_company: PhoneCompany) -> None:
    for sender in ("", "SHORTCODE", "55555", "anonymous", "+1" + "2" * 5000):
        assert await say(phone_company, "hello", sender=sender) == EMPTY
        assert await say(phone_company, "STOP", sender=sender) == EMPTY


@pytest.mark.parametrize("word", ["hello", "HELP", "STOP"])
async def test_the_same_text_twenty_times_at_once_is_one_event_and_one_answer(
    phone_company: PhoneCompany, database: Database, word: str
) -> None:
    sid = new_sid()
    answers = await asyncio.gather(*(say(phone_company, word, MessageSid=sid) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await database.text_events._collection.count_documents({}) == 1
    assert await say(phone_company, word, MessageSid=sid) == answers[0]


async def test_twenty_at_once_get_the_answer_of_the_one_that_was_first(
    phone_company: PhoneCompany, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count()

    async def another(*args: object) -> str:
        return f"answer {next(numbers)}"

    monkeypatch.setattr(services.texts, "_reply", another)
    sid = new_sid()
    answers = await asyncio.gather(*(say(phone_company, "hello", MessageSid=sid) for _ in range(20)))
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "</Say><Dial>+19005550100</Dial>",
        "]]>",
        "a\x00b",
        "\u202e\u2066evil",
        "\U0001f600" * 1600,
        '{"$gt": ""}',
        "",
    ],
)
async def test_what_strangers_write_is_plain_text(
    phone_company: PhoneCompany, database: Database, body: str
) -> None:
    sid = new_sid()
    message(await say(phone_company, body, MessageSid=sid))
    event = await database.text_events.get(sid, "received")
    assert event is not None
    assert event.posted["Body"] == [body]


async def test_a_name_with_markup_in_it_stays_a_name(phone_company: PhoneCompany, world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    await world.database.people.change(host.id, {"first_name": "<Dial>\x07&", "last_name": "]]>"})
    await make_agreed_booking(world, guest, hero)
    assert guest.phone is not None
    assert "<Dial>& ]]>" in message(await say(phone_company, "hello", sender=guest.phone))


@pytest.mark.parametrize(
    ("given", "counted"),
    [("1000000000", 10), ("-1", None), ("abc", None), ("3", 3), ("\u0663", None), ("", 0)],
)
async def test_pictures_are_counted_within_reason_and_never_fetched(
    phone_company: PhoneCompany, database: Database, given: str, counted: int | None
) -> None:
    sid = new_sid()
    more = {"MediaUrl0": "http://169.254.169.254/latest", "MediaUrl1": "file:///etc/passwd"}
    await say(phone_company, "look", MessageSid=sid, NumMedia=given, **more)
    event = await database.text_events.get(sid, "received")
    assert event is not None
    assert event.media == counted


async def test_texts_without_an_id_are_told_apart_by_what_they_say(
    phone_company: PhoneCompany, database: Database
) -> None:
    for body in ("one", "two", "one"):
        await say(phone_company, body, MessageSid="")
    assert await database.text_events._collection.count_documents({}) == 2
