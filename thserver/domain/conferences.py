"""Conferences: what the carrier told about a call on the line, and what follows from it: log, legs, talk time.

The state of a conference is a function of the set of its events. Their order of arrival, repeats and gaps
change nothing, so whatever comes late simply makes the next derivation truer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Interval = tuple[datetime, datetime]


class Action(StrEnum):
    """The carrier's events that are logged; it has others, which are kept and otherwise ignored."""

    JOIN = "participant-join"
    LEAVE = "participant-leave"
    START = "conference-start"
    END = "conference-end"


# Facts from the carrier's own records, kept beside its events where those have not come.
CONFERENCE_RECORD = "conference-record"
CALL_RECORD = "call-record"

LOGGED = frozenset(action.value for action in Action)
# What comes first of events of one second whose numbers are missing.
_RANKS: dict[str, int] = {
    name.value: rank for rank, name in enumerate((Action.JOIN, Action.START, Action.LEAVE, Action.END))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceEvent:
    """One callback, or one fact from the carrier's records. `at` is the carrier's time.

    `key` is unique within the conference: the sequence number, or a hash where there is none. A
    `conference-record` has the end in `until` (None: it is still on), a `call-record` the time on the line of
    `call_sid` from `at` to `until`.
    """

    key: str
    sequence_number: int | None
    name: str
    at: datetime
    call_sid: str | None = None
    room: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One stay of one call in the conference. `left` is None while it lasts; a leg that is known only by its
    leaving has no length. `person_id` is None for a call that we know nothing about."""

    call_sid: str
    person_id: int | None
    joined: datetime
    left: datetime | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`person_id` is None for what concerns the whole conference."""

    person_id: int | None
    action: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Conference:
    """`sid` is the carrier's; a booking has one conference for each time that people met in its room.

    `complete` means that it has ended and nothing more is expected: only then is it settled. `people_ids` are
    the people of the booking, whether they came or not.
    """

    sid: str
    room: str
    booking_id: int
    kind: str = ""
    people_ids: tuple[int, ...] = ()
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    legs: tuple[Leg, ...] = ()
    log: tuple[LogEntry, ...] = ()
    complete: bool = False
    settled: bool = False

    @property
    def present(self) -> tuple[Leg, ...]:
        """The legs that are on the line now."""
        return () if self.ended else tuple(leg for leg in self.legs if leg.left is None)


def in_order(events: Iterable[ConferenceEvent]) -> list[ConferenceEvent]:
    """The order of the call: by sequence number, then time; by time where any number is missing."""
    events = list(events)
    if any(event.sequence_number is None for event in events):
        return sorted(
            events,
            key=lambda event: (event.at, _RANKS.get(event.name, 9), event.sequence_number or 0, event.key),
        )
    return sorted(events, key=lambda event: (event.sequence_number or 0, event.at, event.key))


def derive(
    sid: str, events: Iterable[ConferenceEvent], *, booking_id: int, callers: Mapping[str, int]
) -> Conference:
    """The conference that these events tell of. `callers` maps a CallSid to the person. Raises ValueError for none."""
    events = list(events)
    if not events:
        raise ValueError("a conference without events")
    told = in_order(event for event in events if event.name in LOGGED)
    # Of two records of one call, the one that has its end counts.
    others = sorted(
        (event for event in events if event.name not in LOGGED),
        key=lambda event: (event.until is not None, event.key),
    )
    whole = next((event for event in others if event.name == CONFERENCE_RECORD), None)
    records = {
        event.call_sid: (event.at, event.until)
        for event in others
        if event.name == CALL_RECORD and event.call_sid
    }
    created = min(event.at for event in events if event.name != CALL_RECORD or whole is None)
    started = next((event.at for event in told if event.name == Action.START), None)
    ended = next((event.at for event in told if event.name == Action.END), None)
    if ended is None and whole is not None:
        ended = whole.until
    legs, certain = _legs(told, records, started=started, created=created, ended=ended, callers=callers)
    return Conference(
        sid=sid,
        room=next((event.room for event in (*told, *others) if event.room), ""),
        booking_id=booking_id,
        created=created,
        started=started,
        ended=ended,
        legs=tuple(legs),
        log=tuple(LogEntry(callers.get(event.call_sid or ""), event.name, event.at) for event in told),
        complete=ended is not None and (whole is not None or (certain and _without_gaps(told))),
    )


def _legs(
    told: Sequence[ConferenceEvent],
    records: Mapping[str, tuple[datetime, datetime | None]],
    *,
    started: datetime | None,
    created: datetime,
    ended: datetime | None,
    callers: Mapping[str, int],
) -> tuple[list[Leg], bool]:
    """The legs, the earliest first, and whether each was told from its joining to its leaving."""
    stays: list[tuple[str, datetime | None, datetime | None]] = []
    open_since: dict[str, datetime] = {}
    known: set[str] = set()
    for event in told:
        sid = event.call_sid
        if sid is None or event.name not in (Action.JOIN, Action.LEAVE):
            continue
        if event.name == Action.JOIN:
            open_since.setdefault(sid, event.at)
        elif sid in open_since:
            stays.append((sid, open_since.pop(sid), event.at))
        elif sid not in known:
            stays.append((sid, None, event.at))
        known.add(sid)
    stays += [(sid, since, None) for sid, since in open_since.items()]
    # Nobody conferred without coming: where no leg has been told of, an end that came first is not the whole call.
    certain = bool(stays) and all(joined is not None and left is not None for _, joined, left in stays)
    stays += [(sid, max(since, created), None) for sid, (since, _) in records.items() if sid not in known]
    legs = []
    for sid, joined, left in stays:
        off_line = records[sid][1] if sid in records else None
        if left is None:
            left = min((moment for moment in (off_line, ended) if moment is not None), default=None)
        if joined is None:
            joined = _joined_by(sid, records, started=started, created=created, left=left)
        if left is not None and left < joined:
            left = joined
        legs.append(Leg(sid, callers.get(sid), joined, left))
    return sorted(legs, key=lambda leg: (leg.joined, leg.call_sid)), certain


def _joined_by(
    sid: str,
    records: Mapping[str, tuple[datetime, datetime | None]],
    *,
    started: datetime | None,
    created: datetime,
    left: datetime | None,
) -> datetime:
    """When somebody came whose coming was not told: from the carrier's record of the call, and otherwise the
    moment he left, so that nothing is charged for what nobody knows."""
    if sid in records:
        since = records[sid][0]
        # Nobody talks before the conference starts, so a stay that began earlier may be counted from there.
        return max(since, started or created)
    assert left is not None
    return left


def _without_gaps(told: Sequence[ConferenceEvent]) -> bool:
    numbers = [event.sequence_number for event in told if event.sequence_number is not None]
    return not numbers or max(numbers) - min(numbers) + 1 == len(set(numbers))


def talk_intervals(legs: Iterable[Leg], host_id: int) -> list[Interval]:
    """When the host and at least one guest were both on the line: disjoint, in order, none of them empty.

    Stays of calls that we know nothing about and stays that have not ended do not count.
    """
    legs = list(legs)
    host = _union(leg for leg in legs if leg.person_id == host_id)
    guests = _union(leg for leg in legs if leg.person_id not in (None, host_id))
    both = []
    for one_start, one_end in host:
        for other_start, other_end in guests:
            start, end = max(one_start, other_start), min(one_end, other_end)
            if start < end:
                both.append((start, end))
    return sorted(both)


def _union(legs: Iterable[Leg]) -> list[Interval]:
    """The time covered by any of these legs, as disjoint intervals in order."""
    covered: list[Interval] = []
    for start, end in sorted((leg.joined, leg.left) for leg in legs if leg.left is not None):
        if covered and start <= covered[-1][1]:
            covered[-1] = (covered[-1][0], max(covered[-1][1], end))
        elif start < end:
            covered.append((start, end))
    return covered


def seconds_talked(intervals: Iterable[Interval]) -> int:
    """Whole seconds, rounded down over the sum."""
    return int(sum((end - start).total_seconds() for start, end in intervals))
