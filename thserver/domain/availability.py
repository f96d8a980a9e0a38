"""When a mentor can be booked: windows of time, cut into slots where a contract wants slots.

A window is immutable: published, and taken back as a whole. What is booked in it follows from the bookings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from thserver.domain.errors import Conflict, Invalid

SLOT = timedelta(minutes=30)
LENGTHS_IN_MIN = (30, 60)
LONGEST_WINDOW = timedelta(days=31)
# What one mentor may have published ahead at one time.
MOST_WINDOWS = 2000

Span = tuple[datetime, datetime]


class WindowsOverlap(Conflict):
    """The mentor has published this time already."""

    code = "windows_overlap"


class TooManyWindows(Conflict):
    """The mentor has published as much as is kept."""

    code = "too_many_windows"


class SlotBooked(Conflict):
    """A window cannot be taken back while something is booked in it."""

    code = "slot_booked"


class Window(NamedTuple):
    """One published stretch of time: from `starts` to `ends`, both aware, in UTC, in whole seconds."""

    id: int
    person_id: int
    starts: datetime
    ends: datetime


def check_window(starts: datetime, ends: datetime, now: datetime) -> None:
    """Raises Invalid by field."""
    if ends <= starts:
        raise Invalid(window="ends_before_it_starts")
    if starts <= now:
        raise Invalid(start_time="in_the_past")
    if ends - starts > LONGEST_WINDOW:
        raise Invalid(window="window_too_long")


def cut(starts: datetime, ends: datetime) -> list[Span]:
    """Slots of half an hour from the window's start on; what is left over at its end is no slot.
    Raises Invalid when there is not even one."""
    slots = [(starts + n * SLOT, starts + (n + 1) * SLOT) for n in range((ends - starts) // SLOT)]
    if not slots:
        raise Invalid(window="window_too_short")
    return slots


def covering(windows: Iterable[Window], first_id: int, starts: datetime, ends: datetime) -> list[Window]:
    """The windows that hold this time together, each beginning where the one before it ends: the first is
    `first_id`. Empty when they do not."""
    ordered = sorted(windows, key=lambda window: window.starts)
    found: list[Window] = []
    for window in ordered:
        if not found:
            if window.id == first_id and window.starts <= starts < window.ends:
                found.append(window)
        elif window.starts == found[-1].ends < ends:
            found.append(window)
    return found if found and found[-1].ends >= ends else []


def overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def is_booked(window: Window, booked: Sequence[Span]) -> bool:
    """Whether no half hour (or whatever shorter time the window has) is left free in it."""
    needed = min(SLOT, window.ends - window.starts)
    free_from = window.starts
    for starts, ends in sorted(booked):
        if ends <= window.starts or starts >= window.ends:
            continue
        if starts - free_from >= needed:
            return False
        free_from = max(free_from, ends)
    return window.ends - free_from < needed


def whole_seconds(moment: datetime) -> datetime:
    """The documents show whole seconds, so that is what is kept."""
    return moment.replace(microsecond=0)
