"""What the owner of a data folder keeps in it beside the database: its lock and a record for other commands."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, Any


def read_record(data_folder: Path) -> dict[str, Any]:
    """What the owner of the data folder wrote down; empty when nothing readable is there."""
    try:
        record = json.loads((data_folder / "service.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def amend_record(data_folder: Path, **entries: Any) -> None:
    """Add entries to the record, or take out those given as None."""
    record = {**read_record(data_folder), **entries}
    record = {name: value for name, value in record.items() if value is not None}
    fresh = data_folder / f".service.json.{os.getpid()}"
    fresh.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    fresh.replace(data_folder / "service.json")


def locked(lock: IO[str]) -> bool:
    # Tried for a moment, because whoever asks `running_uri` holds the lock for an instant.
    for _ in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.03)
        else:
            return True
    return False
