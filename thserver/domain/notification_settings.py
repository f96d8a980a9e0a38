"""What a person wants to be told about sessions: five switches, all on until he turns one off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from thserver.domain.bookings import Kind

FLAGS = (
    "session_requested",
    "session_confirmed",
    "session_canceled",
    "fifteen_minute_alert",
    "sixty_minute_alert",
)
# Which switch decides about which news of a session, and about which alert before it.
BY_NEWS = {
    "requested": "session_requested",
    "agreed": "session_confirmed",
    "cancelled": "session_canceled",
    "lapsed": "session_canceled",
}
BY_LEAD = {
    timedelta(minutes=15): "fifteen_minute_alert",
    timedelta(minutes=60): "sixty_minute_alert",
}
SESSION_LEADS_IN_MIN = tuple(int(lead.total_seconds()) // 60 for lead in BY_LEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    person_id: int
    session_requested: bool = True
    session_confirmed: bool = True
    session_canceled: bool = True
    fifteen_minute_alert: bool = True
    sixty_minute_alert: bool = True


def flag_for(kind: Kind, what: str | timedelta) -> str | None:
    """The switch that decides about this news or this lead; None where there is none."""
    if kind is not Kind.SESSION:
        return None
    return BY_LEAD.get(what) if isinstance(what, timedelta) else BY_NEWS.get(what)
