"""The last run of each job of the timetable: one document each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from store.collection import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """`outcome` is done or failed. `acted` is when it last had something to do, `failed` when it last failed and
    `error` why."""

    name: str
    began: datetime
    seconds: float
    outcome: str
    done: int | None = None
    by: str = ""
    acted: datetime | None = None
    acted_on: int | None = None
    failed: datetime | None = None
    error: str | None = None


class SweepRuns(Collection):
    name = "sweep_runs"

    async def keep(self, run: SweepRun, *, error: str | None = None) -> bool:
        """Keep this as the job's last run, unless one that began later is there."""
        known: dict[str, Any] = {
            "began": run.began,
            "seconds": run.seconds,
            "outcome": run.outcome,
            "done": run.done,
            "by": run.by,
        }
        if run.done:
            known |= {"acted": run.began, "acted_on": run.done}
        if error is not None:
            known |= {"failed": run.began, "error": error}
        try:
            result = await self._collection.update_one(
                {"_id": run.name, "began": {"$lte": run.began}}, {"$set": known}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id)

    async def all(self) -> dict[str, SweepRun]:
        """By the job's name; there are as many as the timetable has lines."""
        return {
            found["_id"]: _run(found) for found in await self._collection.find({"_id": {"$gt": ""}}).to_list()
        }


def _run(found: dict[str, Any]) -> SweepRun:
    return SweepRun(name=found["_id"], **{name: value for name, value in found.items() if name != "_id"})
