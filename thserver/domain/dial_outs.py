"""Calls that we make to somebody who is missing in a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How long his phone rings, in seconds: less than most mailboxes wait.
RING_FOR_S = 25
# After this nobody waits for word of a call any more, and it may be made again.
FORGOTTEN_AFTER = timedelta(seconds=RING_FOR_S + 35)
# How often he is asked to press a key before we hang up.
ASKED = 2


class DialOutState(StrEnum):
    CALLING = "calling"
    ANSWERED = "answered"  # and not in the room yet
    OVER = "over"
    NO_ANSWER = "no_answer"
    BUSY = "busy"  # or declined
    FAILED = "failed"


# The carrier's words for how a call ended.
ENDINGS = {
    "completed": DialOutState.OVER,
    "no-answer": DialOutState.NO_ANSWER,
    "busy": DialOutState.BUSY,
    "failed": DialOutState.FAILED,
    "canceled": DialOutState.NO_ANSWER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOut:
    """The last call to this person for this booking; `number` counts them, from 1."""

    booking_id: int
    person_id: int
    number: int
    state: DialOutState
    at: datetime
    call_sid: str | None = None
