"""Rows of the outbox as documents and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState, Purpose

COLUMNS = tuple(column.name for column in fields(OutboxRow) if column.name != "key")
ENUMS = {"kind": OutboxKind, "state": OutboxState, "purpose": Purpose}


def to_document(row: OutboxRow) -> dict[str, Any]:
    document: dict[str, Any] = {"_id": row.key}
    for column in COLUMNS:
        value = getattr(row, column)
        if value is not None:
            document[column] = value.value if column in ENUMS else value
    return document


def from_document(found: dict[str, Any]) -> OutboxRow:
    values: dict[str, Any] = {
        column: ENUMS[column](found[column]) if column in ENUMS else found[column]
        for column in COLUMNS
        if column in found
    }
    values.setdefault("person_id", None)
    return OutboxRow(key=found["_id"], **values)
