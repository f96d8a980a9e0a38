"""The page of the phone: which outcome of a ring is told by which step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thserver.domain import admissions
from thserver.domain.admissions import Admission, Sorry, Waiting
from twiml.addresses import Addresses
from twiml.steps import (
    not_joining,
    not_verified,
    nothing_scheduled,
    pin_needed,
    room_in_use,
    several_fit,
    sorry,
    still_in_use,
    summoned,
    too_early,
    too_many_tries,
    waiting,
    welcome,
)

STEPS: dict[type[Admission], Callable[[Any, Addresses], str]] = {
    admissions.Welcome: welcome.step,
    admissions.TooEarly: too_early.step,
    admissions.RoomInUse: room_in_use.step,
    admissions.StillInUse: still_in_use.step,
    admissions.SeveralFit: several_fit.step,
    admissions.PinNeeded: pin_needed.step,
    admissions.NotVerified: not_verified.step,
    admissions.NothingScheduled: nothing_scheduled.step,
    admissions.TooManyTries: too_many_tries.step,
    admissions.Summoned: summoned.step,
    admissions.NotJoining: not_joining.step,
    admissions.Sorry: sorry.step,
}


def answer(outcome: Admission, base_url: str) -> str:
    """The TwiML for this outcome."""
    return STEPS[type(outcome)](outcome, Addresses(base_url))


def wait(outcome: Waiting, *, booking_id: int, person_id: int, base_url: str) -> str:
    """The TwiML for somebody who is alone in the room."""
    return waiting.step(outcome, Addresses(base_url).wait(booking_id, person_id))


# Made once and kept, so that it can be said whatever is broken.
APOLOGY = answer(Sorry(), "")
