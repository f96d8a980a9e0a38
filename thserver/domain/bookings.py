"""The booking spine: call requests, sessions, meetings, gatherings and memorials are all one Booking.

A booking has a host and guests, a state, and once agreed a start, a length and a room. Reminders,
dial-in, conference log and settlement read only this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from thserver.domain.errors import AlreadySuggested, Invalid, NotAllowed, NotAParticipant, WrongState


class Kind(StrEnum):
    """What each contract calls its booking."""

    CALL = "call"  # heroes
    SESSION = "session"  # mentors
    MEETING = "meeting"  # experts
    GATHERING = "gathering"  # gatherings
    MEMORIAL = "memorial"  # circles


class State(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    HELD = "held"  # a conference with host and guest took place
    MISSED = "missed"  # the time passed and they were not both there


class Role(StrEnum):
    HOST = "host"
    GUEST = "guest"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Move:
    """From which states, to which, by whom."""

    from_states: frozenset[State]
    to: State
    by: frozenset[Role]


BOTH = frozenset({Role.HOST, Role.GUEST})
OPEN_STATES = frozenset({State.REQUESTED, State.ACCEPTED, State.AGREED})
# A booking with a start keeps its host's time to itself in these states: a proposed time is already held.
TAKING = frozenset({State.REQUESTED, State.AGREED, State.HELD})
# A booking that is or was firm is in calendars, which take an entry's changes in the order of its sequence.
FIRM = frozenset({State.AGREED, State.HELD, State.MISSED})
# These are given another time after they were firm, or held.
MEETS_AGAIN = frozenset({Kind.GATHERING, Kind.MEMORIAL})

MOVES: dict[str, Move] = {
    "accept": Move(frozenset({State.REQUESTED}), State.ACCEPTED, frozenset({Role.HOST})),
    "decline": Move(frozenset({State.REQUESTED}), State.DECLINED, frozenset({Role.HOST})),
    "suggest": Move(frozenset({State.ACCEPTED}), State.ACCEPTED, BOTH),
    "agree": Move(frozenset({State.ACCEPTED}), State.AGREED, BOTH),
    "confirm": Move(frozenset({State.REQUESTED}), State.AGREED, frozenset({Role.HOST})),
    "cancel": Move(OPEN_STATES, State.CANCELLED, BOTH),
    "lapse": Move(frozenset({State.REQUESTED, State.ACCEPTED}), State.CANCELLED, frozenset({Role.SYSTEM})),
    # What the carrier reports may come late: a call that was taken for missed may turn out to be held.
    "hold": Move(frozenset({State.AGREED, State.MISSED}), State.HELD, frozenset({Role.SYSTEM})),
    "miss": Move(frozenset({State.AGREED}), State.MISSED, frozenset({Role.SYSTEM})),
    # Where a contract says so, when the time is over: it took place after all, or it did not and is called off.
    "complete": Move(
        frozenset({State.AGREED, State.MISSED}), State.HELD, frozenset({Role.HOST, Role.GUEST, Role.SYSTEM})
    ),
    "call_off": Move(
        frozenset({State.AGREED, State.MISSED}), State.CANCELLED, frozenset({Role.HOST, Role.SYSTEM})
    ),
}

SUGGESTION_LEAD = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)
# Each is told to the other side, and stays in the booking.
MOST_SUGGESTIONS = 50
LENGTHS_IN_MIN = tuple(range(15, 121, 15))
# A request that nobody has touched for so long is over. A gathering waits for nobody's answer.
LAPSES_AFTER = timedelta(days=14)
LAPSING = frozenset(Kind) - {Kind.GATHERING}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Three times that one side offers to the other."""

    person_id: int
    times: tuple[datetime, ...]
    made: datetime


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a booking and has not been told to everybody yet. `id` makes the telling unique;
    `was` is the time that a booking was moved away from."""

    id: str
    what: str
    by: int | None
    at: datetime
    was: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """One person's PIN in one booking: kept as its keyed hash; `attempt` lets `codes.pin_for` make it again."""

    person_id: int
    attempt: int
    hash: str


@dataclass(slots=True, kw_only=True)
class Booking:
    """`host_id` and `guest_ids` are people's integer ids. `starts` and `minutes` are firm from AGREED on.

    `sequence` counts the changes that people's calendars must hear of: 0 until it is agreed on, so that it is in no
    calendar. `rate_in_cents` is per minute, fixed when the time is agreed. `reason` is the host's for declining,
    `cancel_reason` that of whoever cancelled. `details` holds what only this kind's contract knows.
    """

    id: int
    kind: Kind
    host_id: int
    guest_ids: tuple[int, ...]
    state: State
    room: str
    message: str = ""
    minutes: int
    starts: datetime | None = None
    rate_in_cents: int = 0
    suggestions: tuple[Suggestion, ...] = ()
    reason: str = ""
    cancel_reason: str = ""
    cancelled_by: int | None = None
    fee_in_cents: int = 0
    pins: tuple[Pin, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    news: tuple[News, ...] = ()
    sequence: int = 0
    created: datetime
    updated: datetime

    @property
    def ends(self) -> datetime | None:
        return self.starts + timedelta(minutes=self.minutes) if self.starts else None

    @property
    def people_ids(self) -> tuple[int, ...]:
        return (self.host_id, *self.guest_ids)

    def role_of(self, person_id: int) -> Role:
        """Raises NotAParticipant for somebody who has no part in it."""
        if person_id == self.host_id:
            return Role.HOST
        if person_id in self.guest_ids:
            return Role.GUEST
        raise NotAParticipant


def check_move(booking: Booking, move: str, role: Role) -> Move:
    """The move, if this role may make it now. Raises NotAllowed or WrongState."""
    rule = MOVES[move]
    if role not in rule.by:
        raise NotAllowed
    if booking.state not in rule.from_states:
        raise WrongState
    return rule


def check_times(times: tuple[datetime, ...], now: datetime) -> None:
    """Three different times, each on a quarter hour and at least thirty minutes ahead. Raises Invalid by field."""
    problems: dict[str, str] = {}
    for name, time in zip(("time_one", "time_two", "time_three"), times, strict=True):
        if time.second or time.microsecond or time.minute % 15:
            problems[name] = "not_on_a_quarter_hour"
        elif time < now + SUGGESTION_LEAD:
            problems[name] = "too_soon"
        elif times.count(time) > 1:
            problems[name] = "repeated"
    if problems:
        raise Invalid(problems)


def check_new_times(booking: Booking, times: tuple[datetime, ...], now: datetime) -> None:
    """As check_times; and none was suggested before in this booking, by whomever. Raises AlreadySuggested, or WrongState
    when the two have offered each other so much that they will not agree this way."""
    check_times(times, now)
    if len(booking.suggestions) >= MOST_SUGGESTIONS:
        raise WrongState
    earlier = {time for suggestion in booking.suggestions for time in suggestion.times}
    if not earlier.isdisjoint(times):
        raise AlreadySuggested


def check_length(minutes: int) -> None:
    if minutes not in LENGTHS_IN_MIN:
        raise Invalid(estimated_length="not_a_length")


def open_offer(booking: Booking, person_id: int) -> tuple[datetime, ...]:
    """The times that this person can agree to: the latest suggestion of the other party."""
    for suggestion in reversed(booking.suggestions):
        if suggestion.person_id != person_id:
            return suggestion.times
    return ()


def check_agreement(booking: Booking, person_id: int, time: datetime, now: datetime) -> None:
    """Whether this person can agree to this time. Raises Invalid."""
    if time not in open_offer(booking, person_id):
        raise Invalid(agreed_time="not_offered")
    if time <= now:
        raise Invalid(agreed_time="in_the_past")


def check_not_begun(booking: Booking, now: datetime) -> None:
    """Raises WrongState once the time has come: then it is held or missed, and no longer cancelled or confirmed."""
    if booking.starts is not None and booking.starts <= now:
        raise WrongState


def is_stale(booking: Booking, now: datetime) -> bool:
    """Whether a booking that is not firm is over: its proposed time has come, or nobody has answered for long."""
    if booking.state not in MOVES["lapse"].from_states or booking.kind not in LAPSING:
        return False
    if booking.starts is not None and booking.starts <= now:
        return True
    still_to_come = any(time > now for suggestion in booking.suggestions for time in suggestion.times)
    return booking.updated < now - LAPSES_AFTER and not still_to_come


def minutes_taken(starts: datetime, minutes: int) -> list[int]:
    """The minutes since the epoch that a booking occupies: what the unique index keeps apart for one host."""
    first = int(starts.timestamp()) // 60
    last = -(-int(starts.timestamp() + minutes * 60) // 60)
    return list(range(first, max(last, first + 1)))
