"""Where personal data is: every collection says it, and nothing secret is shown."""

from __future__ import annotations

from datetime import UTC, datetime

from store.database import COLLECTIONS
from store.personal_data import HELD, Holding
from store.personal_data_shapes import shown


def test_every_collection_says_how_it_holds_personal_data_or_why_it_does_not() -> None:
    missing = COLLECTIONS.keys() - HELD.keys()
    assert not missing, f"say in store/personal_data.py what of a person these hold: {sorted(missing)}"
    assert not HELD.keys() - COLLECTIONS.keys()
    for name, held in HELD.items():
        said = held.about if isinstance(held, Holding) else held.why
        assert len(said) > 5, name
        assert not said.endswith("."), name


def test_what_is_shown_has_no_secret_anywhere_and_times_in_utc() -> None:
    at = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    document = {
        "_id": 7,
        "at": at,
        "password_hash": "x",
        "deep": [{"token_hash": "x", "kept": 1, "blob": b"x"}],
        "sealed": b"x",
        "pins": [{"hash": "x"}],
    }
    assert shown(document) == {"id": 7, "at": "2026-03-02T15:30:00Z", "deep": [{"kept": 1}]}
