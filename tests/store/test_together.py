"""Inserts of one moment go together, and each learns what became of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect

from store.database import Database
from store.together import Inserts


@pytest.fixture
def inserts(database: Database) -> Inserts:
    return Inserts(database.rooms._collection)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many documents each command carried."""
    command, sizes = AsyncDatabase.command, []

    async def count(self: Any, what: Any, *args: Any, **kwargs: Any) -> Any:
        sizes.append(len(what["documents"]))
        return await command(self, what, *args, **kwargs)

    monkeypatch.setattr(AsyncDatabase, "command", count)
    return sizes


async def test_a_single_insert_waits_for_nobody(inserts: Inserts) -> None:
    assert await inserts.insert({"_id": 1})
    assert not await inserts.insert({"_id": 1})
    assert await inserts.insert({"_id": 2})


async def test_a_hundred_at_once_take_a_few_commands(
    inserts: Inserts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = counted(monkeypatch)
    done = await asyncio.gather(*(inserts.insert({"_id": number}) for number in range(100)))
    assert all(done)
    assert sum(sizes) == 100
    assert len(sizes) <= 3


async def test_of_equals_in_one_command_exactly_one_is_kept(inserts: Inserts) -> None:
    done = await asyncio.gather(*(inserts.insert({"_id": number % 10}) for number in range(60)))
    assert sum(done) == 10


async def test_one_that_can_not_be_kept_does_not_take_the_others_with_it(inserts: Inserts) -> None:
    results = await asyncio.gather(
        *(inserts.insert({"_id": number, "x": object() if number == 3 else 1}) for number in range(6)),
        return_exceptions=True,
    )
    assert [result is True for result in results] == [True, True, True, False, True, True]


async def test_when_the_database_is_away_everybody_is_told(
    inserts: Inserts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any, **kwargs: Any) -> None:
        raise AutoReconnect("away")

    with monkeypatch.context() as patch:
        patch.setattr(AsyncDatabase, "command", away)
        results = await asyncio.gather(
            *(inserts.insert({"_id": number}) for number in range(5)), return_exceptions=True
        )
    assert all(isinstance(result, AutoReconnect) for result in results)
    assert await inserts.insert({"_id": 1})


async def test_who_gives_up_waiting_does_not_hold_up_the_others(inserts: Inserts) -> None:
    waiting = [asyncio.create_task(inserts.insert({"_id": number})) for number in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [result is True for result in results] == [True, False, True]
