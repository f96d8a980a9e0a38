"""What the simulated companies remember, in one SQLite file: a killed service does not make them forget."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records"
    " (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id))"
)


class Records:
    """Documents by kind and id. Each call is a small statement, well under a millisecond: none is awaited.

    A killed process loses nothing (the operating system has the pages already); a lost machine may
    lose the last writes, which a simulation can bear.
    """

    _claim: int | None = None

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the file, made with its folder when missing; None keeps everything in memory."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(SCHEMA)
        self._indexed: set[str] = set()
        self._path = path

    def put(self, kind: str, id: str, record: Mapping[str, Any]) -> None:
        """Store, replacing what was there. A replaced record keeps its place in the order."""
        self._connection.execute(
            "INSERT INTO records (kind, id, json) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json",
            (kind, id, json.dumps(record)),
        )

    def add(self, kind: str, id: str, record: Mapping[str, Any]) -> bool:
        """Store if there is none of that id yet. False, and nothing changed, when there is."""
        cursor = self._connection.execute(
            "INSERT INTO records (kind, id, json) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO NOTHING",
            (kind, id, json.dumps(record)),
        )
        return cursor.rowcount == 1

    def get(self, kind: str, id: str) -> dict[str, Any] | None:
        row = self._connection.execute(
            "SELECT json FROM records WHERE kind = ? AND id = ?", (kind, id)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every record of the kind, in the order in which they were first stored."""
        rows = self._connection.execute("SELECT json FROM records WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(row[0]) for row in rows]

    def where(self, kind: str, field: str, value: str) -> list[dict[str, Any]]:
        """Those of the kind whose field has this value, in order. The first question about a field indexes it."""
        if field not in self._indexed:
            if not field.isidentifier():
                raise ValueError(f"not a field: {field!r}")
            self._connection.execute(
                f"CREATE INDEX IF NOT EXISTS by_{field} ON records (kind, json_extract(json, '$.{field}'))"
            )
            self._indexed.add(field)
        rows = self._connection.execute(
            f"SELECT json FROM records WHERE kind = ? AND json_extract(json, '$.{field}') = ? ORDER BY rowid",
            (kind, value),
        )
        return [json.loads(row[0]) for row in rows]

    def update(self, kind: str, id: str, **changes: Any) -> dict[str, Any] | None:
        """Set these fields and return the whole record; None when there is no such one."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            record = self.get(kind, id)
            if record is not None:
                record.update(changes)
                self.put(kind, id, record)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return record

    def claim(self) -> bool:
        """Whether this process runs the companies: the first to ask does, until it closes this or dies."""
        if self._path is None or self._claim is not None:
            return True
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._claim = lock
        return True

    def close(self) -> None:
        self._connection.close()
        self._end_claim()

    def __del__(self) -> None:
        self._end_claim()

    def _end_claim(self) -> None:
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None
