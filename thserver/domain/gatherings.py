"""Gatherings: a king and up to forty-nine others meet in his room, at a time that is firm from the beginning or at none.

A gathering is a booking whose host is the king. What only gatherings have is in the booking's details; `version`
there grows with every change of its people, so that a change is made to what was seen or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from thserver.domain.bookings import Booking, State
from thserver.domain.errors import Invalid, NotAllowed, WrongState

MOST_MEMBERS = 50
# What a gathering is reckoned at: nobody says how long it will take.
MINUTES = 60
MINUTE = timedelta(minutes=1)
# One person is texted so many invitations by the same other one within an hour.
MOST_TEXTS_TO_ONE = 5
# A gathering's time is set so often within an hour.
MOST_MOVES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """`member_ids` has the king among them, in the order of their ids. `starts` is None where no time was said."""

    id: int
    title: str
    description: str | None
    logo_id: str
    logo_owner_id: int
    starts: datetime | None
    created: datetime
    completed: bool
    king_id: int
    member_ids: tuple[int, ...]


def gathering_of(booking: Booking) -> Gathering:
    return gathering_from(
        booking.details,
        id=booking.id,
        king_id=booking.host_id,
        member_ids=booking.people_ids,
        starts=booking.starts,
        created=booking.created,
    )


def gathering_from(
    details: dict[str, Any],
    *,
    id: int,
    king_id: int,
    member_ids: Iterable[int],
    starts: datetime | None,
    created: datetime,
) -> Gathering:
    return Gathering(
        id=id,
        title=details["title"],
        description=details["description"],
        logo_id=details["logo"],
        logo_owner_id=details["logo_owner"],
        starts=starts,
        created=created,
        completed=details["completed"],
        king_id=king_id,
        member_ids=tuple(sorted(member_ids)),
    )


def details_of(*, title: str, description: str | None, logo_id: str, logo_owner_id: int) -> dict[str, Any]:
    """The details of a new gathering."""
    return {
        "title": title,
        "description": description,
        "logo": logo_id,
        "logo_owner": logo_owner_id,
        "completed": False,
        "version": 0,
    }


def state_of_new(starts: datetime | None) -> State:
    """With a time it is firm. Without one it waits, takes nobody's time, and never lapses."""
    return State.AGREED if starts is not None else State.ACCEPTED


def check_time(starts: datetime | None, now: datetime) -> None:
    if starts is not None and starts <= now:
        raise Invalid(starts="in_the_past")


def whole_milliseconds(moment: datetime) -> datetime:
    """The database keeps no more of it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def check_movable(booking: Booking, now: datetime) -> None:
    """Raises WrongState for one that is completed, or whose time has come."""
    check_open(booking)
    has_begun = booking.starts is not None and booking.starts <= now
    if booking.state not in (State.ACCEPTED, State.AGREED) or has_begun:
        raise WrongState


def check_open(booking: Booking) -> None:
    """Raises WrongState for one that is completed."""
    if booking.details["completed"]:
        raise WrongState


def check_king(booking: Booking, person_id: int) -> None:
    if booking.host_id != person_id:
        raise NotAllowed


def holds_time(booking: Booking, now: datetime) -> bool:
    """Whether the king's time is taken by it, now or later."""
    return (
        booking.state in (State.AGREED, State.HELD)
        and not booking.details["completed"]
        and booking.ends is not None
        and booking.ends > now
    )


def after_completion(booking: Booking, now: datetime) -> tuple[State, int]:
    """The state and the minutes of one that its king calls completed: it has taken as long as it lasted by now, and
    one whose time has not begun is called off."""
    if booking.state not in (State.AGREED, State.HELD) or booking.starts is None:
        return (State.HELD if booking.state is State.ACCEPTED else booking.state), booking.minutes
    if booking.starts > now:
        return State.CANCELLED, booking.minutes
    lasted = -(-(now - booking.starts) // MINUTE)
    return State.HELD, min(booking.minutes, max(1, lasted))
