"""What is written to somebody has a number of its own, in an order that no writer can break; both or nothing is written."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from config.settings import Settings
from store.mailboxes import Mailboxes
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.live_makers import Ear, pair, second_process
from tests.meeting_makers import make_member
from thserver.domain.messages import Message, Notification, NotificationKind
from thserver.domain.people import Person
from thserver.services.all import Services


async def test_numbers_become_visible_in_their_order_however_many_write_at_once(
    world: World, settings: Settings, mongo_uri: str, clock: FakeClock
) -> None:
    john, jane = await pair(world)
    others = [await make_member(world) for _ in range(3)]
    ear, other_ear = Ear(jane), Ear(jane)
    await world.services.live.join(ear)

    def has_heard(each: Ear) -> bool:
        return len(each.messages) == 80 and len(each.heard) == 80 + 64

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
            await each.until(partial(has_heard, each))
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
        found = await between(*args, **more)
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
    assert seen == sorted([*(each.id for each in kept), *(each.id for each in told)])


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


async def post(world: World, mailboxes: Mailboxes, sender: Person, receiver: Person, content: str) -> Message:
    message = Message(
        sender_id=sender.id, receiver_id=receiver.id, content=content, created=world.services.clock.now()
    )
    posted, _ = await mailboxes.post_message(message, world.services.notifications.of_message)
    return posted


async def database_notifications(world: World, person: Person) -> list[Notification]:
    return await world.database.notifications.latest(person.id, is_read=None, before=None, limit=100)
