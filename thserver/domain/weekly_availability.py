"""Availability by the week: on which days, from when to when, in the wall-clock time of the person's zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from thserver.domain.errors import Conflict, Invalid

DAYS = range(8)
DAY = timedelta(days=1)
# A window that ends in the last minute of a day is meant to reach its end.
LAST_MINUTE = time(23, 59)
MIDNIGHT = time()
MOST_WINDOWS = 200


class TooManyWeeklyWindows(Conflict):
    """A person has stated as much as is kept."""

    code = "too_many_weekly_windows"


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """`day` is as it was given: 1 is Monday, 0 and 7 are Sunday. `ends` 00:00 is the end of that day."""

    id: int
    person_id: int
    day: int
    starts: time
    ends: time

    @property
    def weekday(self) -> int:
        """0 is Monday, as in Python."""
        return (self.day - 1) % 7


def check_window(starts: time, ends: time) -> None:
    """Raises Invalid by field."""
    if ends <= starts and ends != MIDNIGHT:
        raise Invalid(end_time="not_after_start")


def covers(windows: Iterable[WeeklyWindow], zone: ZoneInfo, starts: datetime, ends: datetime) -> bool:
    """Whether all of this time lies within the windows. It may go over midnight where one window meets another.

    Between two changes of the zone's offset the wall clock runs evenly, so each such stretch is compared by itself:
    what the clock skips is missed by nobody, and what it shows twice counts both times.
    """
    windows = list(windows)
    return all(
        _covers_wall_clock(windows, first.astimezone(zone), last - first)
        for first, last in _stretches(zone, starts, ends)
    )


def _stretches(zone: ZoneInfo, starts: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time cut where the zone's offset changes, to the second."""
    while starts < ends:
        offset = starts.astimezone(zone).utcoffset()
        # An offset lasts for days, so half-hour steps do not jump over one.
        same, other = starts, min(starts + timedelta(minutes=30), ends)
        while other < ends and other.astimezone(zone).utcoffset() == offset:
            same, other = other, min(other + timedelta(minutes=30), ends)
        if other.astimezone(zone).utcoffset() == offset:
            yield starts, ends
            return
        while other - same > timedelta(seconds=1):
            middle = (same + (other - same) / 2).replace(microsecond=0)
            middle = max(middle, same + timedelta(seconds=1))
            if middle.astimezone(zone).utcoffset() == offset:
                same = middle
            else:
                other = middle
        yield starts, other
        starts = other


def _covers_wall_clock(windows: list[WeeklyWindow], first: datetime, length: timedelta) -> bool:
    begin = first.replace(tzinfo=None)
    end = begin + length
    reached = begin
    # Windows of the day before may reach into this one only up to midnight, so the days touched are enough.
    for day in range((end.date() - begin.date()).days + 1):
        date = begin.date() + day * DAY
        spans = sorted(
            (
                datetime.combine(date, window.starts),
                _end(date_time=datetime.combine(date, MIDNIGHT), window=window),
            )
            for window in windows
            if window.weekday == date.weekday()
        )
        for opens, closes in spans:
            if opens <= reached:
                reached = max(reached, closes)
    return reached >= end


def _end(*, date_time: datetime, window: WeeklyWindow) -> datetime:
    if window.ends == MIDNIGHT or window.ends >= LAST_MINUTE:
        return date_time + DAY
    return datetime.combine(date_time.date(), window.ends)
