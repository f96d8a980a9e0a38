"""Notices of passing: one document for each account holder who has one, every step one conditional update."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import IndexModel, ReturnDocument

from store.collection import Collection
from thserver.domain.death_notices import STEPS, Funeral, Notice, NoticeState, Setting, Step, StepTaken
from thserver.domain.errors import AlreadyExists, WrongState

SETTING = ("content", "email_receive_condolences", "address_receive_flowers", "ewake_visibility")
# What happened before is forgotten, not what counts now.
STEPS_KEPT = 200


class Stale(WrongState):
    """The notice has changed since it was read."""


def from_document(found: dict[str, Any]) -> Notice:
    initiated, authorised, funeral = found.get("initiated"), found.get("authorised"), found.get("funeral")
    setting = found.get("setting")
    return Notice(
        holder_id=found["_id"],
        state=NoticeState(found["state"]),
        count=found["count"],
        setting=Setting(**{name: setting.get(name) for name in SETTING}) if setting else None,
        date_of_death=found.get("date_of_death"),
        initiated_at=initiated and initiated["at"],
        initiator_id=initiated and initiated["by"],
        authorised_at=authorised and authorised["at"],
        authoriser_id=authorised and authorised["by"],
        funeral=Funeral(**funeral) if funeral else None,
        untold=tuple(_step(each) for each in found.get("untold", ())),
    )


def _step(found: dict[str, Any]) -> StepTaken:
    return StepTaken(
        id=found["id"], step=Step(found["step"]), by=found["by"], at=found["at"], given=found["given"]
    )


class DeathNotices(Collection):
    name = "death_notices"
    indexes = (
        IndexModel("initiated.by", name="initiator", partialFilterExpression={"initiated.by": {"$gt": 0}}),
        IndexModel("untold.at", name="untold", sparse=True),
    )

    async def get(self, holder_id: int) -> Notice:
        """The notice; an empty one for somebody who has none yet."""
        found = await self._collection.find_one({"_id": holder_id})
        return from_document(found) if found is not None else Notice(holder_id=holder_id)

    async def many(self, holder_ids: Iterable[int]) -> dict[int, Notice]:
        cursor = self._collection.find({"_id": {"$in": list(set(holder_ids))}})
        return {found["_id"]: from_document(found) for found in await cursor.to_list()}

    async def save(self, holder_id: int, setting: Setting) -> bool:
        """Keep what is to be said. False when the notice is authorised: then it has been said."""
        kept = {name: getattr(setting, name) for name in SETTING}
        try:
            await self._guard(
                self._collection.update_one(
                    {"_id": holder_id, "state": {"$ne": NoticeState.AUTHORISED.value}},
                    {
                        "$set": {"setting": kept},
                        "$setOnInsert": {"state": NoticeState.OPEN.value, "count": 0},
                    },
                    upsert=True,
                )
            )
        except AlreadyExists:
            return False
        return True

    async def take(
        self,
        seen: Notice,
        step: Step,
        *,
        by: int,
        now: datetime,
        given: dict[str, Any] | None = None,
        date_of_death: str | None = None,
        funeral: Funeral | None = None,
    ) -> tuple[Notice, StepTaken]:
        """Take this step if the notice is still as it was read. Raises Stale."""
        record = {
            "id": f"{step.value}:{seen.count + 1}",
            "step": step.value,
            "by": by,
            "at": now,
            "given": given or {},
        }
        from_state, to_state = STEPS[step]
        settled: dict[str, Any] = {"state": to_state.value, "count": seen.count + 1}
        gone: dict[str, str] = {}
        if step is Step.INITIATED:
            settled |= {"date_of_death": date_of_death, "initiated": {"by": by, "at": now}}
        elif step in (Step.CANCELLED, Step.WITHDRAWN):
            gone = {"date_of_death": "", "initiated": ""}
        elif step is Step.AUTHORISED:
            settled["authorised"] = {"by": by, "at": now}
        elif funeral is not None:
            settled["funeral"] = {name: getattr(funeral, name) for name in Funeral.__dataclass_fields__}
        try:
            found = await self._guard(
                self._collection.find_one_and_update(
                    {"_id": seen.holder_id, "state": from_state.value, "count": seen.count},
                    {
                        "$set": settled,
                        "$push": {
                            "steps": {"$each": [record], "$slice": -STEPS_KEPT},
                            "untold": record,
                        },
                        **({"$unset": gone} if gone else {}),
                    },
                    # Somebody who has never written a notice has none until it is initiated.
                    upsert=seen.count == 0 and step is Step.INITIATED,
                    return_document=ReturnDocument.AFTER,
                )
            )
        except AlreadyExists as error:
            raise Stale from error
        if found is None:
            raise Stale
        return from_document(found), _step(record)

    async def take_back_funeral(self, holder_id: int, booking_id: int) -> None:
        """The gathering could not be made: nothing has been announced."""
        await self._collection.update_one(
            {"_id": holder_id, "funeral.booking_id": booking_id},
            {
                "$unset": {"funeral": ""},
                "$pull": {"steps": {"step": Step.FUNERAL.value}, "untold": {"step": Step.FUNERAL.value}},
                "$inc": {"count": 1},
            },
        )

    async def initiated_by(self, person_id: int) -> list[Notice]:
        """Notices that wait for a second friend since this one has initiated them."""
        cursor = self._collection.find({"initiated.by": person_id, "state": NoticeState.INITIATED.value})
        return [from_document(found) for found in await cursor.to_list()]

    async def told(self, holder_id: int, step_id: str) -> None:
        """Everything that is to be said about this step is in the outbox."""
        await self._collection.update_one({"_id": holder_id}, {"$pull": {"untold": {"id": step_id}}})

    async def untold(self, *, before: datetime, limit: int = 100) -> list[Notice]:
        """Notices with steps that nobody has told since then: a process died in between."""
        cursor = self._collection.find({"untold.at": {"$lt": before}}).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def remove(self, holder_id: int) -> None:
        await self._collection.delete_one({"_id": holder_id})
