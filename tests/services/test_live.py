"""Who is looking hears of everything once and in order: whoever writes, however they race, whatever is lost meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from config.settings import Settings
from store.connection import connect
from store.database import Database
from store.mailboxes import Mailboxes
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.lost_history import lose_history
from tests.meeting_makers import make_member
from thserver.domain.codes import token_hash
from thserver.domain.errors import Unavailable
from thserver.domain.messages import Message, Notification, NotificationKind
from thserver.domain.people import Person
from thserver.gateways.password_hasher import PasswordHasher
from thserver.services.all import Services
from thserver.services.live import Event
from thserver.wiring import wire

PATIENCE_S = 10


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self, person: Person, token_hash: str = "none") -> None:
        self.person_id = person.id
        self.token_hash = token_hash
        self.heard: list[Event] = []
        self.resyncs = 0
        self.is_signed_out = False
        self._something = asyncio.Event()

    def hear(self, event: Event) -> None:
        self.heard.append(event)
        self._something.set()

    def resync(self) -> None:
        self.resyncs += 1
        self._something.set()

    def signed_out(self) -> None:
        self.is_signed_out = True

    @property
    def messages(self) -> list[Message]:
        return [event.item for event in self.heard if isinstance(event.item, Message)]

    @property
    def contents(self) -> list[str]:
        return [message.content for message in self.messages]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._something.clear()
                await self._something.wait()


@asynccontextmanager
async def second_process(
    settings: Settings, uri: str, clock: FakeClock
) -> AsyncIterator[tuple[Services, Database]]:
    """Everything once more, as another process on the same database has it."""
    database = Database(connect(uri), "test")
    cheap = PasswordHasher(memory_in_kib=8, passes=1)
    services = await wire(settings, database, clock=clock, hasher=cheap, practice_speed=50)
    services.practice.carrier.faults.drop_callbacks = True
    try:
        yield services, database
    finally:
        await services.close()
        await database.close()


async def pair(world: World) -> tuple[Person, Person]:
    return await make_member(world), await make_member(world, first_name="Jane", last_name="Smith")


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


async def test_numbers_become_visible_in_their_order_however_many_write_at_once(
    world: World, settings: Settings, mongo_uri: str, clock: FakeClock
) -> None:
    john, jane = await pair(world)
    others = [await make_member(world) for _ in range(3)]
    ear, other_ear = Ear(jane), Ear(jane)
    await world.services.live.join(ear)
    async with second_process(settings, mongo_uri, clock) as (elsewhere, _):
        await elsewhere.live.join(other_ear)

        async def write(services: Services, sender: Person, receiver: Person) -> None:
            for number in range(8):
                await services.messages.send(sender, receiver.id, str(number))

        await asyncio.gather(
            *(
                write(services, each, jane)
                for services in (world.services, elsewhere)
                for each in (john, *others)
            ),
            *(write(services, jane, john) for services in (world.services, elsewhere)),
        )
        for each in (ear, other_ear):
            await each.until(lambda each=each: len(each.messages) == 80 and len(each.heard) == 80 + 64)
    numbers = [event.id for event in ear.heard]
    assert numbers == sorted(set(numbers))
    assert numbers == [event.id for event in other_ear.heard]
    kept = await world.database.messages.between(jane.id, 0, 10**9, with_id=None, limit=1000)
    assert [message.id for message in kept] == [message.id for message in ear.messages]
    assert await world.services.live.last(jane.id) == numbers[-1]


async def test_a_writer_who_is_overtaken_takes_another_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who took the lower number comes later: had it kept it, whoever resumes behind the higher one would
    never see it."""
    john, jane = await pair(world)
    mailboxes = world.database.mailboxes
    elsewhere = Mailboxes(world.database._database)
    taken, go_on = asyncio.Event(), asyncio.Event()
    take = mailboxes._numbers.next

    async def slowly(of: str, count: int = 1) -> int:
        number = await take(of, count)
        if not taken.is_set():
            taken.set()
            await go_on.wait()
        return number

    monkeypatch.setattr(mailboxes._numbers, "next", slowly)
    slow = asyncio.ensure_future(post(world, mailboxes, john, jane, "slow"))
    await taken.wait()
    fast = await post(world, elsewhere, john, jane, "fast")
    go_on.set()
    assert (await slow).id > fast.id
    missed = await world.services.live.after(
        jane.id, fast.id + 1, with_id=None, messages=True, notifications=False, limit=9
    )
    assert [event.item.content for event in missed if isinstance(event.item, Message)] == ["slow"]


async def test_what_is_written_between_two_questions_hides_nothing_below_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    john, jane = await pair(world)
    await world.services.messages.send(john, jane.id, "1")
    between = world.database.messages.between

    async def then_written(*args: int, **more: int) -> list[Message]:
        found = await between(*args, **more)  # type: ignore[arg-type]
        await world.services.messages.send(john, jane.id, "2")
        return found

    monkeypatch.setattr(world.database.messages, "between", then_written)
    seen: list[int] = []
    for _ in range(2):
        events = await world.services.live.after(
            jane.id, seen[-1] if seen else 0, with_id=None, messages=True, notifications=True, limit=9
        )
        seen += [event.id for event in events]
    kept = await between(jane.id, 0, seen[-1], with_id=None, limit=9)
    told = await world.database.notifications.between(jane.id, 0, seen[-1], limit=9)
    assert seen == sorted(each.id for each in (*kept, *told))


async def test_a_message_and_what_tells_of_it_are_written_both_or_neither(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    john, jane = await pair(world)
    mailboxes = world.database.mailboxes

    async def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as broken:
        broken.setattr(mailboxes, "_notifications", type("Broken", (), {"insert_one": fail})())
        with pytest.raises(RuntimeError):
            await post(world, mailboxes, john, jane, "lost")
    assert await world.database.messages.between(jane.id, 0, 10**9, with_id=None, limit=9) == []
    assert await world.services.live.last(jane.id) == 0
    assert (await post(world, mailboxes, john, jane, "kept")).content == "kept"


async def test_one_notification_under_one_key_however_many_try_wherever(
    world: World, settings: Settings, mongo_uri: str, clock: FakeClock
) -> None:
    people = [await make_member(world) for _ in range(4)]

    def wanted(persons: list[Person]) -> list[Notification]:
        now = clock.now()
        return [
            Notification(
                person_id=each.id, key=f"k:{each.id}", kind=NotificationKind.SYSTEM, what="missed", created=now, updated=now
            )
            for each in persons
        ]  # fmt: skip

    async with second_process(settings, mongo_uri, clock) as (_, database):
        posted = await asyncio.gather(
            *(
                each.mailboxes.post_notifications(wanted(persons))
                for each in (world.database, database)
                for persons in (people, people[1:], people[::-1], people[:2])
            )
        )
    assert sum(len(each) for each in posted) == 4
    for person in people:
        assert len(await database_notifications(world, person)) == 1


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


async def post(world: World, mailboxes: Mailboxes, sender: Person, receiver: Person, content: str) -> Message:
    message = Message(
        sender_id=sender.id, receiver_id=receiver.id, content=content, created=world.services.clock.now()
    )
    posted, _ = await mailboxes.post_message(message, world.services.notifications.of_message)
    return posted


async def database_notifications(world: World, person: Person) -> list[Notification]:
    return await world.database.notifications.latest(person.id, is_read=None, before=None, limit=100)
