"""People as documents and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from thserver.domain.people import Person

COLUMNS = tuple(column.name for column in fields(Person) if column.name != "id")
KNOWN = frozenset(COLUMNS)


def to_document(person: Person) -> dict[str, Any]:
    document: dict[str, Any] = {"_id": person.id}
    for column in COLUMNS:
        value = getattr(person, column)
        if value is not None:
            document[column] = value
    return document


def to_new_document(person: Person) -> dict[str, Any]:
    """Of somebody who is new here: with an address to prove, it is noted that a letter about it is due."""
    document = to_document(person)
    if person.email_pending is not None:
        document["letter_due"] = person.created
    return document


def from_document(document: dict[str, Any]) -> Person:
    return Person(
        id=document["_id"], **{column: value for column, value in document.items() if column in KNOWN}
    )
