"""Who sees whose number and picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from thserver.domain.people import Person
from thserver.domain.visibility import Relation, sight

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PHONE = "+12025550100"
PICTURE = "https://example.com/me.jpg"
VIEWER = 7


def somebody(**known: Any) -> Person:
    return Person(
        **{
            "id": 1,
            "uuid": "u",
            "phone": PHONE,
            "image_url": PICTURE,
            "created": NOW,
            "updated": NOW,
            **known,
        }
    )


@pytest.mark.parametrize(
    ("hidden", "has_number", "is_blocked", "phone", "image"),
    [
        (False, False, False, PHONE, PICTURE),
        (False, True, False, PHONE, PICTURE),
        (True, True, False, PHONE, PICTURE),
        (True, False, False, None, PICTURE),
        (False, False, True, None, None),
        (False, True, True, None, None),
        (True, True, True, None, None),
        (True, False, True, None, None),
    ],
)
def test_the_number_is_seen_by_relationship_and_setting(
    hidden: bool, has_number: bool, is_blocked: bool, phone: str | None, image: str | None
) -> None:
    seen = sight(VIEWER, somebody(hidden_phone=hidden), Relation(has_number, is_blocked))
    assert (seen.phone, seen.picture) == (phone, image)


def test_everybody_sees_all_of_himself() -> None:
    seen = sight(1, somebody(hidden_phone=True), Relation())
    assert (seen.phone, seen.picture) == (PHONE, PICTURE)


def test_there_is_no_number_to_see_where_there_is_none() -> None:
    assert sight(VIEWER, somebody(phone=None, image_url=None), Relation()).phone is None
