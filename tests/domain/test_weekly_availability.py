"""Weekly availability by the wall clock of the person's zone, also where that clock is put forward or back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from thserver.domain.errors import Invalid
from thserver.domain.weekly_availability import WeeklyWindow, check_window, covers

CHICAGO, LONDON, SYDNEY, KATHMANDU = (
    ZoneInfo(name) for name in ("America/Chicago", "Europe/London", "Australia/Sydney", "Asia/Kathmandu")
)


def window(day: int, starts: str, ends: str) -> WeeklyWindow:
    return WeeklyWindow(1, 1, day, time.fromisoformat(starts), time.fromisoformat(ends))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


# 2 March 2026 is a Monday.
@pytest.mark.parametrize(
    ("starts", "ends", "is_covered"),
    [
        ("2026-03-02T09:00", "2026-03-02T10:00", True),
        ("2026-03-02T16:00", "2026-03-02T17:00", True),
        ("2026-03-02T08:59:59", "2026-03-02T10:00", False),
        ("2026-03-02T16:30", "2026-03-02T17:00:01", False),
        ("2026-03-02T07:00", "2026-03-02T08:00", False),
        ("2026-03-03T09:00", "2026-03-03T10:00", False),
        ("2026-03-09T09:00", "2026-03-09T17:00", True),
    ],
)
def test_a_time_lies_in_the_window_of_its_day_or_not(starts: str, ends: str, is_covered: bool) -> None:
    windows = [window(1, "09:00", "17:00")]
    assert covers(windows, ZoneInfo("UTC"), at(starts), at(ends)) is is_covered


@pytest.mark.parametrize("day", [0, 7])
def test_0_and_7_are_sunday(day: int) -> None:
    windows = [window(day, "09:00", "17:00")]
    assert covers(windows, LONDON, at("2026-03-01T10:00"), at("2026-03-01T11:00"))
    assert not covers(windows, LONDON, at("2026-03-02T10:00"), at("2026-03-02T11:00"))


def test_the_same_wall_clock_is_another_moment_in_summer() -> None:
    windows = [window(1, "09:00", "17:00")]
    winter, summer = at("2026-03-02T15:00"), at("2026-07-06T14:00")
    assert winter.astimezone(CHICAGO).hour == summer.astimezone(CHICAGO).hour == 9
    assert covers(windows, CHICAGO, winter, winter + timedelta(hours=8))
    assert covers(windows, CHICAGO, summer, summer + timedelta(hours=8))
    assert not covers(windows, CHICAGO, at("2026-07-06T22:00"), at("2026-07-06T23:00"))


def test_another_day_elsewhere_is_the_day_that_counts() -> None:
    # Monday morning in Sydney is Sunday in UTC.
    assert covers([window(1, "08:00", "12:00")], SYDNEY, at("2026-03-01T22:00"), at("2026-03-01T23:00"))
    assert not covers([window(7, "08:00", "12:00")], SYDNEY, at("2026-03-01T22:00"), at("2026-03-01T23:00"))


def test_a_quarter_of_an_hour_counts_in_kathmandu() -> None:
    windows = [window(1, "09:00", "10:00")]
    assert covers(windows, KATHMANDU, at("2026-03-02T03:15"), at("2026-03-02T04:15"))
    assert not covers(windows, KATHMANDU, at("2026-03-02T03:00"), at("2026-03-02T04:00"))


def test_windows_that_meet_are_one() -> None:
    windows = [window(1, "12:00", "17:00"), window(1, "09:00", "12:00"), window(1, "10:00", "11:00")]
    assert covers(windows, LONDON, at("2026-03-02T11:30"), at("2026-03-02T12:30"))


def test_a_gap_between_windows_is_none_of_theirs() -> None:
    windows = [window(1, "09:00", "12:00"), window(1, "12:01", "17:00")]
    assert not covers(windows, LONDON, at("2026-03-02T11:30"), at("2026-03-02T12:30"))


@pytest.mark.parametrize("midnight", ["00:00", "23:59", "23:59:59"])
def test_it_may_go_over_midnight(midnight: str) -> None:
    windows = [window(1, "20:00", midnight), window(2, "00:00", "02:00")]
    assert covers(windows, LONDON, at("2026-03-02T23:30"), at("2026-03-03T00:30"))
    assert not covers(windows, LONDON, at("2026-03-02T23:30"), at("2026-03-03T02:30"))
    assert not covers(windows[:1], LONDON, at("2026-03-02T23:30"), at("2026-03-03T00:30"))


def test_when_the_clock_is_put_forward_the_hour_that_it_skips_is_missed_by_nobody() -> None:
    # Chicago, Sunday 8 March 2026: 02:00 becomes 03:00.
    windows = [window(7, "01:00", "02:00"), window(7, "03:00", "04:00")]
    before, after = local("2026-03-08T01:30", CHICAGO), local("2026-03-08T03:30", CHICAGO)
    assert after - before == timedelta(hours=1)
    assert covers(windows, CHICAGO, before, after)
    assert not covers(windows[:1], CHICAGO, before, after)
    # A window inside the hour that does not exist opens nothing.
    assert not covers([window(7, "02:00", "03:00")], CHICAGO, before, after)
    assert covers([window(7, "01:00", "02:30"), windows[1]], CHICAGO, before, after)


def test_when_the_clock_is_put_back_the_hour_that_it_shows_twice_counts_twice() -> None:
    # Chicago, Sunday 1 November 2026: 02:00 becomes 01:00 again.
    windows = [window(7, "01:00", "02:00")]
    first, second = local("2026-11-01T01:30", CHICAGO), local("2026-11-01T01:30", CHICAGO, fold=1)
    assert second - first == timedelta(hours=1)
    assert covers(windows, CHICAGO, first, second)
    assert covers(windows, CHICAGO, second, second + timedelta(minutes=30))
    assert not covers(windows, CHICAGO, second, second + timedelta(minutes=31))
    assert not covers([window(7, "01:00", "01:45")], CHICAGO, first, second)
    assert covers(windows, CHICAGO, first - timedelta(minutes=30), first + timedelta(minutes=90))


def test_a_change_of_the_clock_between_odd_seconds_is_found_to_the_second() -> None:
    windows = [window(7, "01:00", "02:00"), window(7, "03:00", "03:10")]
    starts = local("2026-03-08T01:59:47", CHICAGO)
    assert covers(windows, CHICAGO, starts, starts + timedelta(minutes=10, seconds=13))
    assert not covers(windows, CHICAGO, starts, starts + timedelta(minutes=10, seconds=14))


def test_every_minute_of_the_year_agrees_with_the_wall_clock() -> None:
    windows = [window(day, "01:30", "02:45") for day in range(1, 8)]
    for date in ("2026-03-07", "2026-03-08", "2026-10-31", "2026-11-01"):
        moment = local(f"{date}T00:00", CHICAGO)
        for minute in range(0, 240, 5):
            starts = moment + timedelta(minutes=minute)
            shown = starts.astimezone(CHICAGO).time()
            is_open = time(1, 30) <= shown < time(2, 45)
            assert covers(windows, CHICAGO, starts, starts + timedelta(minutes=1)) is is_open, starts


def test_an_end_before_the_start_is_no_window() -> None:
    check_window(time(9), time(17))
    check_window(time(9), time(0))
    for starts, ends in ((time(9), time(9)), (time(17), time(9))):
        with pytest.raises(Invalid) as refusal:
            check_window(starts, ends)
        assert refusal.value.problems == {"end_time": "not_after_start"}
