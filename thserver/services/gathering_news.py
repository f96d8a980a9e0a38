"""News of a gathering, numbered by the change of it that they tell of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from thserver.domain.bookings import Booking, News, State


def change_news(what: str, booking: Booking, by: int, now: datetime, *, about: int | None = None) -> News:
    """Of a change that is still to be made; `about` is whom alone it concerns."""
    version = booking.details["version"] + 1
    return News(f"{what}:{version}" if about is None else f"{what}:{version}:{about}", what, by, now)


def moved_news(booking: Booking, by: int, now: datetime) -> News:
    return replace(change_news("moved", booking, by, now), was=booking.starts)


def left_news(booking: Booking, person_id: int, by: int, now: datetime) -> News | None:
    """For his calendar; nothing that is over, or has no time, is taken out of it."""
    if booking.state is not State.AGREED or booking.starts is None or booking.starts <= now:
        return None
    return change_news("left", booking, by, now, about=person_id)
