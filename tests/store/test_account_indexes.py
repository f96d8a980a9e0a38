"""Every question about codes, accounts and heroes is answered from an index."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from store.database import Database

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def stages(plan: Any) -> set[str]:
    """Every stage of a winning plan."""
    if isinstance(plan, list):
        return set().union(*map(stages, plan))
    if not isinstance(plan, dict):
        return set()
    found = {plan["stage"]} if "stage" in plan else set()
    return found.union(*map(stages, plan.values()))


@pytest.mark.parametrize(
    ("collection", "query", "sort"),
    [
        ("codes", {"hash": "x" * 64, "expires": {"$gt": NOW}}, None),
        ("people", {"email": "cam@example.com"}, None),
        ("people", {"phone": "+12025550111"}, None),
        ("people", {"phone": {"$gt": ""}, "closed": None}, [("phone", 1)]),
        ("people", {"uuid": "085e8bbf-4430-4df8-9233-8269b52bd4bf"}, None),
        ("people", {"tokens.hash": "x" * 64}, None),
        ("people", {"is_staff": True, "is_active": True}, None),
        ("people", {"hero_outdated": {"$lte": NOW}}, None),
        ("heroes", {"person_id": 1}, None),
        ("heroes", {"to_tell.at": {"$lte": NOW}}, None),
        *(
            ("heroes", {"listed": True}, [(order, way), ("_id", way)])
            for order in ("created", "rate_in_cents", "years_of_exp")
            for way in (1, -1)
        ),
    ],
)
async def test_a_question_is_answered_from_an_index(
    database: Database, collection: str, query: dict[str, Any], sort: list[tuple[str, int]] | None
) -> None:
    cursor = getattr(database, collection)._collection.find(query)
    plan = (await (cursor.sort(sort) if sort else cursor).explain())["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in stages(plan)
    assert not {"COLLSCAN", "SORT"} & stages(plan)
