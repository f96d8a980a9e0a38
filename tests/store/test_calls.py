"""The first answer to a step of a call is kept, whatever happens to the line to the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect

from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from thserver.domain.errors import Unavailable

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def break_lines(monkeypatch: pytest.MonkeyPatch, times: int, *, after: bool = False) -> Callable[[], int]:
    """The next commands fail so many times, before or after the database has done them."""
    command = AsyncDatabase.command
    failed = 0

    async def failing(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal failed
        if failed < times:
            failed += 1
            if after:
                await command(self, *args, **kwargs)
            raise AutoReconnect("connection closed")
        return await command(self, *args, **kwargs)

    monkeypatch.setattr(AsyncDatabase, "command", failing)
    return lambda: failed


async def test_the_first_answer_is_kept(database: Database) -> None:
    keep = database.calls.begin
    assert await keep("CA1", "ring", "one", caller="+1", now=NOW, facts={}) == ("one", True)
    assert await keep("CA1", "ring", "two", caller="+1", now=NOW, facts={}) == ("one", False)
    assert await database.calls.add_step("CA1", "pin-1", "three", facts={}) == ("three", True)
    assert await database.calls.add_step("CA1", "pin-1", "four", facts={}) == ("three", False)


@pytest.mark.parametrize("after", [False, True])
async def test_a_line_that_breaks_once_is_not_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    broken = break_lines(monkeypatch, 1, after=after)
    said, _ = await database.calls.begin("CA1", "ring", "one", caller="+1", now=NOW, facts={})
    assert said == "one"
    assert broken() == 1
    monkeypatch.undo()
    assert await database.calls._collection.count_documents({}) == 1


async def test_a_line_that_stays_broken_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_lines(monkeypatch, 99)
    with pytest.raises(Unavailable):
        await database.calls.begin("CA1", "ring", "one", caller="+1", now=NOW, facts={})
    with pytest.raises(Unavailable):
        await database.admissions.of_phone("+12025550123", over_since=NOW, on_before=NOW)


async def test_a_ring_reads_what_is_on_and_only_otherwise_what_comes_next(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = await make_caller(world)
    bookings = []
    for _ in range(5):
        _, hero = await make_host(world)
        bookings.append(await make_agreed_booking(world, guest, hero))
    starts = bookings[0].starts
    assert starts is not None
    assert guest.phone is not None
    break_lines(monkeypatch, 1)
    view = await database.admissions.of_phone(guest.phone, over_since=starts - HOUR, on_before=starts)
    assert view is not None
    assert {slot.booking_id for slot in view.slots} == {booking.id for booking in bookings}
    view = await database.admissions.of_phone(guest.phone, over_since=starts - HOUR, on_before=starts - HOUR)
    assert view is not None
    assert len(view.slots) == 3
    assert all(slot.starts == starts for slot in view.slots)
    view = await database.admissions.of_phone(guest.phone, over_since=starts + HOUR, on_before=starts + HOUR)
    assert view is not None
    assert view.slots == ()


async def test_phones_that_ring_at_one_moment_are_answered_from_a_few_reads_each_with_its_own(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = [await make_caller(world, first_name=f"Guest{number}") for number in range(20)]
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, guests[3], hero)
    assert booking.starts is not None
    command, reads = AsyncDatabase.command, []

    async def count(self: Any, what: Any, *args: Any, **kwargs: Any) -> Any:
        reads.append(what)
        return await command(self, what, *args, **kwargs)

    monkeypatch.setattr(AsyncDatabase, "command", count)
    phones = [guest.phone or "" for guest in guests] + ["+12025550199"] + [guests[3].phone or ""]
    views = await asyncio.gather(
        *(
            database.admissions.of_phone(phone, over_since=booking.starts - HOUR, on_before=booking.starts)
            for phone in phones
        )
    )
    assert len(reads) <= 3
    assert [view and view.first_name for view in views] == [
        *(f"Guest{number}" for number in range(20)),
        None,
        "Guest3",
    ]
    assert [view and [slot.booking_id for slot in view.slots] for view in views] == [
        *([booking.id] if number == 3 else [] for number in range(20)),
        None,
        [booking.id],
    ]
