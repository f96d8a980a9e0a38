"""What the pages show of a schema."""

from __future__ import annotations

from handlers.openapi.examples import Reader


def test_what_stands_in_several_answers_is_told_once_and_is_always_there_only_if_it_is_in_all() -> None:
    good = {
        "properties": {"status": {"type": "integer"}, "user": {"type": "string"}},
        "required": ["status", "user"],
    }
    bad = {
        "properties": {"status": {"type": "integer"}, "error": {"type": "string"}},
        "required": ["status", "error"],
    }
    rows = Reader({"Bad": bad}).rows(
        {"anyOf": [good, {"$ref": "#/components/schemas/Bad"}, {"type": "null"}]}
    )
    assert [(row.name, row.always) for row in rows] == [("status", True), ("user", False), ("error", False)]
