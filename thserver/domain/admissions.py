"""The answers to a ringing phone. What is known about a caller becomes one of them; `twiml/` says it.

Everything here is decided from a `CallerView`: the person, his bookings around now, and the state of their rooms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from thserver.domain.bookings import Kind, State
from thserver.domain.gatherings import MOST_MEMBERS

PIN_TRIES = 3
CHOICE_TRIES = 3
# A hold is asked again every ten seconds or so; half an hour of it is enough for anybody.
HOLD_TRIES = 180
# Between the end of a conference and the moment when the room is free: longer than any answer to a ring takes.
ROOM_GRACE = timedelta(seconds=5)
# How long a caller who was let in may take to arrive in the room: a greeting, and a slow network.
ARRIVAL = timedelta(minutes=2)

# What the carrier gives for From when the number is hidden: the words, and the same typed on a keypad.
HIDDEN = frozenset(("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464"))


@dataclass(frozen=True, slots=True)
class Stay:
    """A leg that is in a room now."""

    person_id: int | None
    call_sid: str


@dataclass(frozen=True, slots=True)
class LiveConference:
    """The conference that is on in a room."""

    sid: str
    booking_id: int
    created: datetime
    present: tuple[Stay, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomState:
    """To which booking a room belongs, until when at least. `released` says that its conference is surely over."""

    booking_id: int
    until: datetime
    released: bool = False
    live: LiveConference | None = None

    def live_for(self, booking_id: int) -> LiveConference | None:
        return self.live if self.live is not None and self.live.booking_id == booking_id else None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom the caller is to meet."""

    name: str
    present: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A booking as a ring sees it. `names` has everybody's full name by id."""

    booking_id: int
    kind: Kind
    state: State
    host_id: int
    people_ids: tuple[int, ...]
    names: dict[int, str]
    room: str
    starts: datetime
    ends: datetime
    room_state: RoomState | None = None

    @property
    def is_group(self) -> bool:
        return self.kind in (Kind.GATHERING, Kind.MEMORIAL)

    @property
    def time_counts(self) -> bool:
        """Whether it is paid by the minute."""
        return self.kind is Kind.CALL

    @property
    def seats(self) -> int:
        """How many may be in the room: two in a call; in a group everybody. A gathering may grow while it is on."""
        if self.kind is Kind.GATHERING:
            return MOST_MEMBERS
        return max(2, len(self.people_ids)) if self.is_group else 2

    def others(self, person_id: int) -> tuple[Party, ...]:
        """Everybody but this person, the host first."""
        live = self.room_state.live_for(self.booking_id) if self.room_state else None
        present = {stay.person_id for stay in live.present} if live else set()
        return tuple(
            Party(self.names.get(each, "Somebody"), each in present)
            for each in self.people_ids
            if each != person_id
        )

    def earlier_legs(self, person_id: int, *, except_call: str) -> tuple[tuple[str, str], ...]:
        """Legs of this person that the carrier still keeps in the room, as (conference, call): his line dropped
        and he dials again, but his seat is taken by what is left of it."""
        live = self.room_state.live_for(self.booking_id) if self.room_state else None
        if live is None:
            return ()
        return tuple(
            (live.sid, stay.call_sid)
            for stay in live.present
            if stay.person_id == person_id and stay.call_sid != except_call
        )


@dataclass(frozen=True, slots=True)
class CallerView:
    person_id: int
    first_name: str
    timezone: str
    slots: tuple[Slot, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Window:
    """How long before the start and after the end of a booking its people are let in."""

    before: timedelta
    after: timedelta

    def opens(self, slot: Slot) -> datetime:
        return slot.starts - self.before

    def is_open(self, slot: Slot, now: datetime) -> bool:
        return self.opens(slot) <= now < slot.ends + self.after


class Admission:
    """Base of all answers. A test requires a step in `twiml/conversation.py` for each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Admission):
    """Into the room. `label` is unique to this leg; `replaces` are legs of his that must go first."""

    caller: CallerView
    slot: Slot
    now: datetime
    label: str
    longest: timedelta
    replaces: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TooEarly(Admission):
    caller: CallerView
    slot: Slot
    now: datetime
    opens: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomInUse(Admission):
    """He holds until the call before his is over; `try_number` counts how often he has been told so."""

    caller: CallerView
    slot: Slot
    now: datetime
    try_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StillInUse(Admission):
    """He has held long enough."""

    caller: CallerView


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralFit(Admission):
    """`slots` are in the order of the digits, the first is 1."""

    caller: CallerView
    slots: tuple[Slot, ...]
    now: datetime
    try_number: int


class PinReason(StrEnum):
    UNKNOWN = "unknown"  # nobody has this number
    HIDDEN = "hidden"
    UNATTESTED = "unattested"  # the network says that the number is not the caller's
    UNVERIFIED = "unverified"  # somebody has yet to confirm this number
    WRONG = "wrong"
    NOT_A_PIN = "not_a_pin"  # nothing typed, or not six digits


@dataclass(frozen=True, slots=True, kw_only=True)
class PinNeeded(Admission):
    """Nothing personal may be said before it is right."""

    reason: PinReason
    try_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NotVerified(Admission):
    """The number waits for its code; a PIN opens the door all the same."""

    try_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingScheduled(Admission):
    caller: CallerView
    now: datetime


class Tries(StrEnum):
    PIN = "pin"  # three in this call
    LOCKED = "locked"  # five within the hour
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyTries(Admission):
    tries: Tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Summoned(Admission):
    """We have called him, because others wait for him: will he join? `number` counts our calls to him, `try_number`
    how often he has been asked in this one."""

    caller: CallerView
    slot: Slot
    number: int
    try_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJoining(Admission):
    """We have called him, and he has not pressed the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorry(Admission):
    """Something of ours is broken. Static: said without any database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What somebody hears who is alone in the room. No one is known when the database is away."""

    absent: tuple[str, ...] = ()
    is_group: bool = False
    time_counts: bool = False
    starts: datetime | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


def caller_number(given: str) -> str | None:
    """The number in E.164, or None for a hidden one."""
    if given in HIDDEN or not re.fullmatch(r"\+[1-9][0-9]{6,14}", given):
        return None
    return given


def attestation_failed(verstat: str) -> bool:
    """Whether the network says that the caller does not hold the number that he shows."""
    return verstat.startswith("TN-Validation-Failed")


def is_pin(digits: str) -> bool:
    return re.fullmatch(r"[0-9]{6}", digits) is not None


def fitting(view: CallerView, window: Window, now: datetime) -> tuple[Slot, ...]:
    """The bookings that the caller may be let in for, the earliest first.

    One that has taken place already and is past its end steps back behind another that is on now, unless its
    people are still in the room.
    """
    on_now = [slot for slot in view.slots if window.is_open(slot, now)]
    if len(on_now) > 1:
        on_now = [slot for slot in on_now if not _is_over(slot, now)] or on_now
    return tuple(sorted(on_now, key=lambda slot: (slot.starts, slot.booking_id)))


def _is_over(slot: Slot, now: datetime) -> bool:
    live = slot.room_state.live_for(slot.booking_id) if slot.room_state else None
    return slot.state is State.HELD and slot.ends <= now and not (live and live.present)


def next_one(view: CallerView, now: datetime) -> Slot | None:
    """The next booking whose time has not come."""
    ahead = [slot for slot in view.slots if slot.starts > now and slot.state is State.AGREED]
    return min(ahead, key=lambda slot: slot.starts, default=None)
