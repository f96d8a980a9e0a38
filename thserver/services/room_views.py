"""What staff see of a room: put together from its booking, its conference, its calls and what the carrier told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from store.calls import Call
from store.conference_events import Leaving
from thserver.domain.bookings import Booking, Kind
from thserver.domain.conferences import Conference, Leg
from thserver.domain.dial_outs import FORGOTTEN_AFTER, DialOut, DialOutState
from thserver.domain.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLine:
    """A leg that is in the room. `name` is None for a call that we know nothing about; `number` is what he calls
    from, empty when hidden."""

    call_sid: str
    person_id: int | None
    name: str | None
    is_host: bool
    number: str
    since: datetime
    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Somebody of the booking who is not in the room. `left` and the carrier's words (`reason`, `call_status`) are
    there when he was; `dial_out` is our last call to him."""

    person_id: int
    name: str
    is_host: bool
    number: str
    left: datetime | None = None
    reason: str = ""
    call_status: str = ""
    dial_out: DialOut | None = None
    can_be_called: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRoom:
    """A conference, or a booking whose people may dial in now and where nobody is yet (`conference_sid` is None)."""

    room: str
    booking_id: int
    kind: Kind
    host: str
    starts: datetime | None
    ends: datetime | None
    conference_sid: str | None = None
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    on_line: tuple[OnLine, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def is_live(self) -> bool:
        return self.conference_sid is not None and self.ended is None


@dataclass(frozen=True, slots=True)
class Overview:
    """`live` have a conference now, `expected` could have one, `recent` had one within the last hour."""

    live: list[LiveRoom]
    expected: list[LiveRoom]
    recent: list[LiveRoom]


@dataclass(frozen=True, slots=True)
class Known:
    """What is needed to show rooms, read at once for all of them."""

    bookings: Mapping[int, Booking]
    people: Mapping[int, Person]
    calls: Mapping[str, Call]
    leavings: Mapping[str, Sequence[Leaving]]
    dial_outs: Mapping[tuple[int, int], DialOut]
    now: datetime


def room_of(conference: Conference, known: Known) -> LiveRoom | None:
    """None for a conference without a booking, of which nothing can be said."""
    booking = known.bookings.get(conference.booking_id)
    if booking is None:
        return None
    present = {leg.person_id for leg in conference.present}
    return replace(
        _frame(booking, known),
        conference_sid=conference.sid,
        created=conference.created,
        started=conference.started,
        ended=conference.ended,
        on_line=tuple(_on_line(leg, booking, known) for leg in conference.present),
        missing=tuple(
            _missing(person_id, booking, known, conference)
            for person_id in booking.people_ids
            if person_id not in present
        ),
    )


def expected(booking: Booking, known: Known) -> LiveRoom:
    return replace(
        _frame(booking, known),
        missing=tuple(_missing(person_id, booking, known, None) for person_id in booking.people_ids),
    )


def _frame(booking: Booking, known: Known) -> LiveRoom:
    return LiveRoom(
        room=booking.room,
        booking_id=booking.id,
        kind=booking.kind,
        host=_name(booking.host_id, known),
        starts=booking.starts,
        ends=booking.ends,
    )


def _on_line(leg: Leg, booking: Booking, known: Known) -> OnLine:
    call = known.calls.get(leg.call_sid)
    return OnLine(
        call_sid=leg.call_sid,
        person_id=leg.person_id,
        name=_name(leg.person_id, known) if leg.person_id is not None else None,
        is_host=leg.person_id == booking.host_id,
        number=call.caller if call is not None and call.caller.startswith("+") else "",
        since=leg.joined,
        muted=call.muted if call is not None else False,
    )


def _missing(person_id: int, booking: Booking, known: Known, conference: Conference | None) -> Missing:
    person = known.people.get(person_id)
    legs = [leg for leg in conference.legs if leg.person_id == person_id] if conference is not None else []
    last = max(legs, key=lambda leg: leg.joined, default=None)
    said = next(
        (
            leaving
            for leaving in reversed(known.leavings.get(conference.sid, ()) if conference is not None else ())
            if last is not None and leaving.call_sid == last.call_sid
        ),
        None,
    )
    dial_out = known.dial_outs.get((booking.id, person_id))
    is_live = conference is not None and conference.ended is None
    return Missing(
        person_id=person_id,
        name=_name(person_id, known),
        is_host=person_id == booking.host_id,
        number=(person.phone or "") if person is not None else "",
        left=last.left if last is not None else None,
        reason=said.reason if said is not None else "",
        call_status=said.call_status if said is not None else "",
        dial_out=dial_out,
        can_be_called=is_live
        and person is not None
        and person.phone is not None
        and not _is_being_called(dial_out, known.now),
    )


def _is_being_called(dial_out: DialOut | None, now: datetime) -> bool:
    return (
        dial_out is not None
        and dial_out.state in (DialOutState.CALLING, DialOutState.ANSWERED)
        and dial_out.at > now - FORGOTTEN_AFTER
    )


def _name(person_id: int, known: Known) -> str:
    person = known.people.get(person_id)
    return person.full_name if person is not None else "Somebody"
