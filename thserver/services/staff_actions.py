"""Every action of staff is written down before it is done, and completed with what came of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from store.database import Database
from thserver.domain.errors import OutcomeUnknown, Refusal
from thserver.domain.ports import Clock
from thserver.domain.staff_actions import ActionState, Actor, StaffAction

log = logging.getLogger("thserver.staff")

LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class ActionPage:
    """Actions, the newest first; `older` is what to ask for to see those before them."""

    actions: list[StaffAction]
    older: int | None


class StaffActions:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._actions = database.staff_actions
        self._numbers = database.numbers
        self._clock = clock

    async def record(
        self, *, actor: Actor, action: str, subject: str, details: Mapping[str, str] | None = None
    ) -> int:
        """Write down what is about to be done; its number is what `complete` asks for. When this raises, nothing
        may be done."""
        number = await self._numbers.next("staff_actions")
        kept = {name: str(value)[:LONGEST_DETAIL] for name, value in (details or {}).items()}
        await self._actions.add(
            StaffAction(
                id=number,
                actor=actor,
                action=action,
                subject=subject[:LONGEST_DETAIL],
                at=self._clock.now(),
                details=kept,
            )
        )
        log.info("staff %s: %s %s", actor.person_id or "at this machine", action, subject)
        return number

    async def complete(self, number: int, state: ActionState, *, reason: str | None = None) -> None:
        await self._actions.complete(number, state, reason=reason, now=self._clock.now())

    @contextlib.asynccontextmanager
    async def recorded(
        self, *, actor: Actor, action: str, subject: str, details: Mapping[str, str] | None = None
    ) -> AsyncIterator[int]:
        """Record what the block does, and how it ended: done, refused (a Refusal), failed, or unknown (OutcomeUnknown,
        or the block is cut off)."""
        number = await self.record(actor=actor, action=action, subject=subject, details=details)
        try:
            yield number
        except OutcomeUnknown as refusal:
            await self._end(number, ActionState.UNKNOWN, refusal.code)
            raise
        except Refusal as refusal:
            await self._end(number, ActionState.REFUSED, refusal.code)
            raise
        except Exception as error:
            await self._end(number, ActionState.FAILED, type(error).__name__)
            raise
        except BaseException:
            await self._end(number, ActionState.UNKNOWN, "cut_off")
            raise
        await self._end(number, ActionState.DONE, None)

    async def get(self, number: int) -> StaffAction | None:
        return await self._actions.get(number)

    async def page(self, *, before: int | None = None, limit: int = 50) -> ActionPage:
        found = await self._actions.latest(before=before, limit=limit + 1)
        return ActionPage(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def _end(self, number: int, state: ActionState, reason: str | None) -> None:
        """What was done stays done, even if its outcome cannot be written now."""
        try:
            await self.complete(number, state, reason=reason)
        except Refusal:
            log.warning("the outcome of action %s could not be written: %s", number, state)
