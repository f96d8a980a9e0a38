"""Windows of time: cutting, holding together, what is booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from thserver.domain.availability import Window, check_window, covering, cut, is_booked
from thserver.domain.errors import Invalid

START = datetime(2026, 3, 2, 15, 7, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def window(number: int, starts: float, ends: float) -> Window:
    return Window(number, 1, at(starts), at(ends))


@pytest.mark.parametrize(("minutes", "slots"), [(30, 1), (59, 1), (60, 2), (89.9, 2), (1440, 48)])
def test_a_window_is_cut_from_its_start(minutes: float, slots: int) -> None:
    found = cut(START, at(minutes))
    assert found == [(at(30 * n), at(30 * n + 30)) for n in range(slots)]


def test_less_than_a_slot_cannot_be_cut() -> None:
    with pytest.raises(Invalid):
        cut(START, at(29))


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [(0, 30, "start_time"), (-1, 30, "start_time"), (30, 30, "window"), (1, 31 * 1440 + 2, "window")],
)
def test_a_window_is_in_the_future_and_of_some_length(starts: float, ends: float, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_window(at(starts), at(ends), START)
    assert list(refusal.value.problems) == [field]


WINDOWS = [window(1, 0, 30), window(2, 30, 60), window(3, 61, 120), window(4, 120, 300)]


@pytest.mark.parametrize(
    ("first", "starts", "ends", "expected"),
    [
        (1, 0, 30, [1]),
        (1, 0, 60, [1, 2]),
        (1, 15, 45, [1, 2]),
        (2, 30, 60, [2]),
        (2, 30, 90, []),  # a minute is missing
        (1, 30, 60, []),  # begins in the next
        (3, 60, 90, []),
        (3, 100, 160, [3, 4]),
        (4, 240, 300, [4]),
        (4, 240, 301, []),
        (9, 0, 30, []),
    ],
)
def test_adjacent_windows_hold_a_time_together(
    first: int, starts: float, ends: float, expected: list[int]
) -> None:
    found = covering(reversed(WINDOWS), first, at(starts), at(ends))
    assert [each.id for each in found] == expected


@pytest.mark.parametrize(
    ("length", "booked", "expected"),
    [
        (30, [], False),
        (30, [(0, 30)], True),
        (30, [(29, 60)], True),
        (30, [(30, 60)], False),
        (30, [(-30, 0)], False),
        (60, [(0, 30)], False),
        (60, [(15, 45)], True),
        (60, [(30, 60), (0, 30)], True),
        (90, [(0, 30), (60, 90)], False),
        (90, [(0, 31), (60, 90)], True),
        (10, [], False),
        (10, [(5, 35)], True),
    ],
)
def test_a_window_is_booked_when_no_half_hour_is_left(
    length: float, booked: list[tuple[float, float]], expected: bool
) -> None:
    spans = [(at(starts), at(ends)) for starts, ends in booked]
    assert is_booked(window(1, 0, length), spans) is expected
