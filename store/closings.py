"""People who close their account: what they lose at once, what is noted for the rest, and what stays of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.collection import Collection

# What a person who closes his account loses in the first moment. His name goes last: others are still told who left.
ENDS_AT_ONCE = (
    "tokens",
    "password_hash",
    "email",
    "email_verified",
    "email_pending",
    "phone",
    "phone_pending",
    "username",
    "image_url",
    "is_staff",
)


@dataclass(frozen=True, slots=True)
class Closing:
    """An account that is being closed: what its person had that must be taken away elsewhere."""

    person_id: int
    since: datetime
    phone: str | None
    image_url: str | None


class Closings(Collection):
    """In the people's own documents; their indexes are listed there."""

    name = "people"

    async def begin(self, person_id: int, *, now: datetime) -> Closing | None:
        """From now on nobody can sign in, nobody finds this person, and what was his alone is free for others.

        What is still needed to take the rest away is kept aside until `end`. None for an unknown person,
        and for one who is closed entirely; the same again as long as he is not.
        """
        await self._collection.update_one(
            {"_id": person_id, "closed": None},
            [
                {
                    "$set": {
                        "closed": now,
                        "updated": now,
                        "is_active": False,
                        "hidden_phone": True,
                        "closing": {"since": now, "phone": "$phone", "image_url": "$image_url"},
                    }
                },
                {"$unset": list(ENDS_AT_ONCE)},
            ],
        )
        found = await self._collection.find_one(
            {"_id": person_id, "closing.since": {"$exists": True}}, {"closing": 1}
        )
        return _closing(found) if found is not None else None

    async def half_done(self, *, before: datetime) -> list[Closing]:
        """Whom a process that died has left half closed."""
        cursor = self._collection.find({"closing.since": {"$lte": before}}, {"closing": 1}).limit(100)
        return [_closing(found) async for found in cursor]

    async def end(self, person_id: int, *, first_name: str, last_name: str, now: datetime) -> None:
        """Leave nothing but a placeholder with this name."""
        kept: dict[str, Any] = {name: f"${name}" for name in ("_id", "uuid", "created", "closed")}
        names = {"first_name": {"$literal": first_name}, "last_name": {"$literal": last_name}}
        placeholder = {**kept, **names, "is_active": False, "hidden_phone": True, "updated": now}
        await self._collection.update_one(
            {"_id": person_id, "closing.since": {"$exists": True}}, [{"$replaceWith": placeholder}]
        )


def _closing(found: dict[str, Any]) -> Closing:
    kept = found["closing"]
    return Closing(found["_id"], kept["since"], kept.get("phone"), kept.get("image_url"))
