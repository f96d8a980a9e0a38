"""What is old and done with is forgotten, a bounded number at a time; what is not done with stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.settings import SettingsError, load
from store.database import Database
from store.old_rows import old
from tests.fakes.clock import FakeClock
from thserver.services import retention
from thserver.services.all import Services
from thserver.services.retention import Retention

LONG_AGO = timedelta(days=731)
# For each: what makes a row one that is done with, and what makes it one that is not, where that is possible.
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "calls": ({}, {"on_the_way": True}),
    "conference_events": ({}, {"pending": True}),
    "text_events": ({"unapplied": True}, None),
    "dial_outs": ({"state": "answered"}, {"state": "calling"}),
    "outbox": ({"state": "done"}, {"state": "unknown"}),
}


async def put(
    database: Database, clock: FakeClock, name: str, count: int, age: timedelta, **more: Any
) -> None:
    at = clock.now() - age
    field = old(at)[name][0]
    rows = []
    for number in range(count):
        key = f"{name}:{age}:{number}:{sorted(more.items())}"
        unique = {"conference_sid": key, "key": key, "sid": key, "status": key, "ref": key}
        rows.append({"_id": key, field: at, "steps": [], **unique, **more})
    await getattr(database, name)._collection.insert_many(rows)


async def left(database: Database, name: str) -> int:
    return int(await getattr(database, name)._collection.count_documents({}))


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_what_is_old_and_done_with_is_forgotten(
    services: Services, database: Database, clock: FakeClock, name: str
) -> None:
    done, open_ = ROWS[name]
    await put(database, clock, name, 3, LONG_AGO, **done)
    if open_ is not None:
        await put(database, clock, name, 2, LONG_AGO, **open_)
    await put(database, clock, name, 4, timedelta(days=729), **done)
    assert await services.retention.forget_old() == 3
    assert await left(database, name) == (6 if open_ is not None else 4)
    assert await services.retention.forget_old() == 0


async def test_a_run_is_bounded_and_the_next_one_goes_on(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    monkeypatch.setattr(retention, "MOST_IN_A_RUN", 6)
    await put(database, clock, "calls", 10, LONG_AGO)
    service = Retention(database=database, clock=clock, keep_days=730)
    assert [await service.forget_old() for _ in range(3)] == [6, 4, 0]


async def test_with_nothing_said_about_an_end_everything_is_kept(
    database: Database, clock: FakeClock
) -> None:
    await put(database, clock, "calls", 2, LONG_AGO)
    assert await Retention(database=database, clock=clock, keep_days=0).forget_old() == 0


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_what_is_old_is_found_by_an_index(database: Database, clock: FakeClock, name: str) -> None:
    field, query = old(clock.now())[name]
    collection = getattr(database, name)._collection
    plan = await collection.find(query).sort(field, 1).limit(5).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])


def test_so_few_days_that_repeated_callbacks_would_not_be_known_are_refused() -> None:
    with pytest.raises(SettingsError, match="KEEP_CALLS_DAYS must be 0"):
        load({"DEBUG": "True", "KEEP_CALLS_DAYS": "29"}, dotenv=None)
    assert load({"DEBUG": "True", "KEEP_CALLS_DAYS": "0"}, dotenv=None).keep_calls_days == 0
