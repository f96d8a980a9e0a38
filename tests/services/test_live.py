"""Who is looking hears of everything once and in order: whoever writes, however they race, whatever is lost meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from config.settings import Settings
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.live_makers import Ear, pair, second_process
from tests.lost_history import lose_history
from tests.meeting_makers import make_member
from thserver.domain.codes import token_hash
from thserver.domain.errors import Unavailable
from thserver.domain.messages import Notification
from thserver.services.live import Event


async def test_what_another_process_writes_is_heard_by_both_people_only(
    world: World, settings: Settings, mongo_uri: str, clock: FakeClock
) -> None:
    john, jane = await pair(world)
    stranger = await make_member(world)
    ears = [Ear(john), Ear(jane), Ear(stranger)]
    for ear in ears:
        await world.services.live.join(ear)
    async with second_process(settings, mongo_uri, clock) as (elsewhere, _):
        await elsewhere.messages.send(john, jane.id, "Hello")
    await ears[1].until(lambda: len(ears[1].heard) == 2)
    assert ears[0].contents == ears[1].contents == ["Hello"]
    assert ears[1].heard[0].names == {john.id: "John Doe", jane.id: "Jane Smith"}
    assert isinstance(ears[1].heard[1].item, Notification)
    assert len(ears[0].heard) == 1
    assert ears[2].heard == []


async def test_after_a_killed_cursor_nothing_is_missing_and_nobody_is_told(world: World) -> None:
    john, jane = await pair(world)
    ear = Ear(jane)
    live = world.services.live
    await live.join(ear)
    await world.services.messages.send(john, jane.id, "1")
    await ear.until(lambda: ear.contents == ["1"])
    cursor = live._changes._stream._cursor  # type: ignore[union-attr]
    database = world.database._database
    await database.command({"killCursors": "$cmd.aggregate", "cursors": [cursor.cursor_id]})
    for number in "234":
        await world.services.messages.send(john, jane.id, number)
    await ear.until(lambda: len(ear.messages) == 4)
    assert ear.contents == list("1234")
    assert ear.resyncs == 0


async def test_after_the_database_was_away_nothing_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    john, jane = await pair(world)
    ear = Ear(jane)
    live = world.services.live
    await live.join(ear)
    next_change = live._changes.next
    failures = iter([Unavailable(), Unavailable()])

    async def sometimes() -> object:
        for failure in failures:
            raise failure
        return await next_change()

    monkeypatch.setattr(live._changes, "next", sometimes)
    for number in "123":
        await world.services.messages.send(john, jane.id, number)
    await ear.until(lambda: len(ear.messages) == 3)
    assert ear.contents == list("123")
    assert ear.resyncs == 0


async def test_when_the_history_is_lost_everybody_is_told_to_look_and_hears_what_comes_next(
    world: World,
) -> None:
    john, jane = await pair(world)
    ears = [Ear(john), Ear(jane)]
    live = world.services.live
    for ear in ears:
        await live.join(ear)
    await lose_history(live)
    await ears[1].until(lambda: ears[1].resyncs == 1)
    await world.services.messages.send(john, jane.id, "after it")
    await ears[1].until(lambda: "after it" in ears[1].contents)
    assert [ear.resyncs for ear in ears] == [1, 1]


async def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(world: World) -> None:
    john, jane = await pair(world)

    class Broken(Ear):
        def hear(self, event: Event) -> None:
            raise RuntimeError("a bug")

    broken, ear = Broken(jane), Ear(jane)
    await world.services.live.join(broken)
    await world.services.live.join(ear)
    for number in "12":
        await world.services.messages.send(john, jane.id, number)
    await ear.until(lambda: ear.contents == ["1", "2"])


async def test_who_has_left_hears_nothing_more_and_is_forgotten(world: World) -> None:
    john, jane = await pair(world)
    ear, gone = Ear(jane), Ear(jane)
    live = world.services.live
    await live.join(ear)
    await live.join(gone)
    live.leave(gone)
    live.leave(gone)
    await world.services.messages.send(john, jane.id, "1")
    await ear.until(lambda: ear.contents == ["1"])
    assert gone.heard == []
    live.leave(ear)
    assert live._listeners == {}


async def test_one_question_is_asked_for_all_tokens(world: World, clock: FakeClock) -> None:
    people = [await make_member(world) for _ in range(5)]
    ears = []
    for person in people:
        token = await world.services.sign_in.give_token(person.id, "experts")
        ears.append(Ear(person, token_hash(token)))
        await world.services.live.join(ears[-1])
    await world.services.live.check_tokens()
    assert not any(ear.is_signed_out for ear in ears)
    await world.services.sign_in.sign_out_elsewhere(people[0].id, None)
    await world.services.closing.close(people[1])
    asked = []
    ask: Callable[..., Awaitable[set[str]]] = world.services.sign_in.still_good

    async def counted(hashes: list[str]) -> set[str]:
        asked.append(len(hashes))
        return await ask(hashes)

    world.services.sign_in.still_good = counted  # type: ignore[assignment,method-assign]
    await world.services.live.check_tokens()
    assert asked == [5]
    assert [ear.is_signed_out for ear in ears] == [True, True, False, False, False]
    clock.advance(days=31)
    await world.services.live.check_tokens()
    assert all(ear.is_signed_out for ear in ears)


async def test_no_question_reads_a_whole_collection(world: World) -> None:
    john, jane = await pair(world)
    await world.services.messages.send(john, jane.id, "1")
    database = world.database._database
    await database.command("profile", 2)
    try:
        live = world.services.live
        await live.after(jane.id, 0, with_id=john.id, messages=True, notifications=True, limit=5)
        await live.after(jane.id, 0, with_id=None, messages=True, notifications=True, limit=5)
        await world.services.messages.of_person(jane.id, with_user=john.id, before=99)
        await world.services.messages.of_person(jane.id)
        for is_read in (None, True):
            await world.services.notifications.of_person(jane.id, is_read=is_read, before=99)
        await world.services.sign_in.still_good(["x"])
        await world.services.messages.send(john, jane.id, "2")
    finally:
        await database.command("profile", 0)
    plans = await database["system.profile"].find({"planSummary": {"$exists": True}}).to_list()
    await database["system.profile"].drop()
    assert plans
    assert not [each["command"] for each in plans if "COLLSCAN" in each["planSummary"]]
