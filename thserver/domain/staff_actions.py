"""What staff do by hand, as it is recorded: by whom, to what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it. `person_id` is None for whoever sits at a machine in development, where nobody signs in."""

    person_id: int | None
    name: str


class ActionState(StrEnum):
    STARTED = "started"  # written before it is done; what stays so was cut off by the end of a process
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have been done


@dataclass(frozen=True, slots=True)
class StaffAction:
    """`subject` names what it was done to, `details` what else is worth knowing, `reason` why it was not done."""

    id: int
    actor: Actor
    action: str
    subject: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    state: ActionState = ActionState.STARTED
    reason: str | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsoleChange:
    """Something of this type (room, call, text, money, action) has changed, of this booking where it belongs to one."""

    type: str
    booking_id: int | None = None
