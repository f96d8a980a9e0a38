"""The real clock, and one for practice that can be put ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from thserver.gateways.simulated_records import Records

KIND, AHEAD = "clock", "ahead"


def _this_millisecond() -> datetime:
    """Whole milliseconds are what MongoDB keeps, so a time is the same in the first answer and in all later ones."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class SystemClock:
    def now(self) -> datetime:
        return _this_millisecond()


class PracticeClock:
    """Runs like the real one, so much ahead of it: a practice call need not wait for its time to come.

    How far is kept in `records`, so that a restart does not put it back behind what has happened.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        kept = records.get(KIND, AHEAD)
        self.ahead = timedelta(seconds=kept["seconds"] if kept is not None else 0)

    def now(self) -> datetime:
        return _this_millisecond() + self.ahead

    def advance(self, span: timedelta) -> None:
        """Only ever forward: what has happened stays in the past."""
        if span < timedelta():
            raise ValueError("a clock does not go back")
        self.ahead += span
        self._records.put(KIND, AHEAD, {"seconds": self.ahead.total_seconds()})
