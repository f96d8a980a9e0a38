"""Times as their reader knows them, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from thserver.wording import texts, times

CHICAGO = ZoneInfo("America/Chicago")


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "said"),
    [
        (utc(3, 2, 15), "America/Chicago", "Monday, March 2, 2026, 9:00 AM CST"),
        (utc(3, 9, 15), "America/Chicago", "Monday, March 9, 2026, 10:00 AM CDT"),
        # The day is the reader's, not UTC's.
        (utc(3, 3, 3, 30), "America/Chicago", "Monday, March 2, 2026, 9:30 PM CST"),
        # Clocks go forward at 2:00 on 8 March, back at 2:00 on 1 November.
        (utc(3, 8, 7, 59), "America/Chicago", "Sunday, March 8, 2026, 1:59 AM CST"),
        (utc(3, 8, 8, 0), "America/Chicago", "Sunday, March 8, 2026, 3:00 AM CDT"),
        (utc(11, 1, 6, 30), "America/Chicago", "Sunday, November 1, 2026, 1:30 AM CDT"),
        (utc(11, 1, 7, 30), "America/Chicago", "Sunday, November 1, 2026, 1:30 AM CST"),
        (utc(3, 2, 12), "UTC", "Monday, March 2, 2026, 12:00 PM UTC"),
        (utc(3, 2, 0), "UTC", "Monday, March 2, 2026, 12:00 AM UTC"),
        (utc(3, 2, 15), "Asia/Kolkata", "Monday, March 2, 2026, 8:30 PM IST"),
        (utc(3, 2, 15), "America/Sao_Paulo", "Monday, March 2, 2026, 12:00 PM UTC-03:00"),
        (utc(3, 2, 15), "Asia/Kathmandu", "Monday, March 2, 2026, 8:45 PM UTC+05:45"),
    ],
)
def test_a_written_time_has_day_and_zone(moment: datetime, zone: str, said: str) -> None:
    assert times.written(moment, ZoneInfo(zone)) == said


def test_a_spoken_time_is_short() -> None:
    assert times.spoken(utc(3, 2, 15), CHICAGO) == "Monday, March 2, at 9 AM"
    assert times.spoken(utc(3, 2, 21, 15), CHICAGO) == "Monday, March 2, at 3:15 PM"


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (15, "15 minutes"),
        (60, "1 hour"),
        (90, "1 hour 30 minutes"),
        (121, "2 hours 1 minute"),
    ],
)
def test_lengths_are_said_in_hours_and_minutes(minutes: int, said: str) -> None:
    assert times.length(minutes) == said


def test_a_reminder_says_who_when_where_and_the_pin_in_one_segment() -> None:
    said = texts.reminder(
        other="Tom Brady", starts=utc(3, 2, 15), zone=CHICAGO, number="+12025550100", pin="482913"
    )
    assert said == (
        "Your call with Tom Brady starts at 9:00 AM CST (Mon Mar 2). Dial +1 202-555-0100. PIN 482913 if asked."
    )
    longest = texts.reminder(
        other="Maximiliane " * 9, starts=utc(3, 11, 22, 30), zone=ZoneInfo("Asia/Kathmandu"), number="+12025550100",
        pin="482913",
    )  # fmt: skip
    assert len(longest) <= 160


def test_a_name_with_line_breaks_is_one_line() -> None:
    assert texts.name("Tom\n\tBrady\x0b ") == "Tom Brady"
