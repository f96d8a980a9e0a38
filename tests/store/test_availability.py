"""Availability and profiles: every question is answered from an index; publishing is all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.availability import Claim
from store.database import Database
from tests.store.test_account_indexes import stages
from thserver.domain.availability import TooManyWindows, Window, WindowsOverlap

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)


def windows(first: int, count: int, *, person_id: int = 1, at: datetime = NOW) -> list[Window]:
    return [Window(first + n, person_id, at + n * HALF, at + (n + 1) * HALF) for n in range(count)]


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("availability", {"windows.id": 7}),
        ("availability", {"windows.ends": {"$gt": 5}}),
        ("mentor_profiles", {"search": {"$in": ["css", "python"]}}),
        ("people", {"is_mentor": True, "is_active": True}),
        ("people", {"is_mentee": True, "is_active": True}),
        ("bookings", {"people_ids": 7, "kind": "session", "starts": {"$gt": NOW}}),
        ("bookings", {"people_ids": {"$in": [7, 8]}, "ends": {"$gt": NOW}, "starts": {"$lt": NOW}}),
        (
            "bookings",
            {"people_ids": {"$in": [7, 8]}, "ends": {"$gt": NOW}, "state": {"$in": ["agreed", "requested"]}},
        ),
    ],
)
async def test_a_question_is_answered_from_an_index(
    database: Database, collection: str, query: dict[str, Any]
) -> None:
    cursor = getattr(database, collection)._collection.find(query)
    plan = (await cursor.explain())["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in stages(plan)
    assert "COLLSCAN" not in stages(plan)


async def test_slots_are_published_together_or_not_at_all(database: Database) -> None:
    await database.availability.add(1, windows(1, 1, at=NOW + 3 * HALF), most=10)
    with pytest.raises(WindowsOverlap):
        await database.availability.add(1, windows(2, 4), most=10)
    with pytest.raises(TooManyWindows):
        await database.availability.add(1, windows(2, 3), most=3)
    await database.availability.add(1, windows(2, 3), most=4)
    found = await database.availability.of_people([1, 2], after=NOW)
    assert [window.id for window in found[1]] == [2, 3, 4, 1]
    assert list(found) == [1]


async def test_another_mentors_time_is_no_overlap(database: Database) -> None:
    await database.availability.add(1, windows(1, 2), most=10)
    await database.availability.add(2, windows(3, 2, person_id=2), most=10)
    listed = await database.availability.of_everybody(after=NOW, skip=1, limit=2)
    assert [(window.id, window.person_id) for window in listed] == [(3, 2), (2, 1)]


async def test_what_is_over_goes_with_its_claims(database: Database) -> None:
    given = windows(1, 2)
    await database.availability.add(1, given, most=10)
    assert await database.availability.claim(given[:1], Claim("a", NOW))
    assert await database.availability.claim(given, Claim("b", NOW))
    await database.availability.forget_past(1, before=given[0].ends + timedelta(seconds=1))
    assert await database.availability.with_window(1) is None
    found = await database.availability.with_window(2)
    assert found is not None
    assert [claim.id for claim in found[2]] == ["b"]
    document = await database.availability._collection.find_one({"_id": 1})
    assert document is not None
    assert [claim["id"] for claim in document["claims"]] == ["b"]


async def test_a_window_that_is_gone_cannot_be_claimed(database: Database) -> None:
    given = windows(1, 2)
    await database.availability.add(1, given, most=10)
    assert await database.availability.remove(1, 2, void=[])
    assert not await database.availability.claim(given, Claim("a", NOW))
    assert not await database.availability.remove(1, 2, void=[])
