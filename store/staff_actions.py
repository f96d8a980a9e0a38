"""What staff did by hand. A row is written before anything is done, and its outcome afterwards; none is ever taken out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from store.collection import Collection
from thserver.domain.staff_actions import ActionState, Actor, StaffAction


def from_document(found: dict[str, Any]) -> StaffAction:
    return StaffAction(
        id=found["_id"],
        actor=Actor(found["actor_id"], found["actor"]),
        action=found["action"],
        subject=found["subject"],
        at=found["at"],
        details=found["details"],
        state=ActionState(found["state"]),
        reason=found["reason"],
        ended=found["ended"],
    )


class StaffActions(Collection):
    name = "staff_actions"

    async def add(self, action: StaffAction) -> None:
        await self._collection.insert_one(
            {
                "_id": action.id,
                "actor_id": action.actor.person_id,
                "actor": action.actor.name,
                "action": action.action,
                "subject": action.subject,
                "at": action.at,
                "details": dict(action.details),
                "state": action.state.value,
                "reason": action.reason,
                "ended": action.ended,
            }
        )

    async def complete(
        self, action_id: int, state: ActionState, *, reason: str | None, now: datetime
    ) -> bool:
        """False when its outcome is there already."""
        result = await self._collection.update_one(
            {"_id": action_id, "state": ActionState.STARTED.value},
            {"$set": {"state": state.value, "reason": reason, "ended": now}},
        )
        return bool(result.modified_count)

    async def get(self, action_id: int) -> StaffAction | None:
        found = await self._collection.find_one({"_id": action_id})
        return from_document(found) if found is not None else None

    async def latest(self, *, before: int | None, limit: int) -> list[StaffAction]:
        """The newest first, below that number."""
        query = {"_id": {"$lt": before}} if before is not None else {}
        cursor = self._collection.find(query).sort("_id", -1).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]
