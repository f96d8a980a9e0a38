"""The clocks of the service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from thserver.gateways.clock import PracticeClock, SystemClock
from thserver.gateways.simulated_records import Records

HOUR = timedelta(hours=1)


def test_a_practice_clock_runs_so_much_ahead_of_the_real_one() -> None:
    clock = PracticeClock(Records())
    clock.advance(HOUR)
    clock.advance(HOUR)
    assert (
        timedelta()
        <= clock.now() - SystemClock().now() - 2 * HOUR + timedelta(seconds=5)
        < timedelta(seconds=10)
    )


def test_a_restart_does_not_put_it_back(tmp_path: Path) -> None:
    PracticeClock(Records(tmp_path / "simulated.sqlite")).advance(HOUR)
    assert PracticeClock(Records(tmp_path / "simulated.sqlite")).ahead == HOUR


def test_it_never_goes_back() -> None:
    with pytest.raises(ValueError, match="back"):
        PracticeClock(Records()).advance(-HOUR)


def test_times_are_whole_milliseconds_as_they_are_kept() -> None:
    assert SystemClock().now().microsecond % 1000 == 0
