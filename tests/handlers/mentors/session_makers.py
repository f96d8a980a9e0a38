"""Sessions of contract mentors as the tests ask for them."""

from __future__ import annotations

from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
