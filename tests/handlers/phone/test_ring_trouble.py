"""Whatever goes wrong with a ring, the caller hears an apology in time."""

from __future__ import annotations

import asyncio
import gc

import pytest

from store.calls import Calls
from store.connection import connect
from store.database import Database
from tests.handlers.phone.conftest import Scene
from thserver.domain.errors import Unavailable
from twiml import conversation, sentences


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
