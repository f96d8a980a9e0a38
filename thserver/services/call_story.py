"""Bookings of all kinds for those who run the service: a list that can be narrowed, and the story of one.

A story is everything that is known to have happened to a booking, on one line of time: what people agreed on, what
they were told, every ring, who was on the line when, and the money. Nothing in it is a PIN, a code or a letter's text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from store.calls import Call
from store.database import Database
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.charges import Charge
from thserver.domain.conferences import Conference, Interval, seconds_talked, talk_intervals
from thserver.domain.credits import Entry as CreditEntry
from thserver.domain.credits import entry_ids_of
from thserver.domain.errors import NotFound
from thserver.domain.ledger import Entry
from thserver.domain.outbox import OutboxKind, OutboxRow
from thserver.domain.people import Person
from thserver.domain.phone_numbers import masked
from thserver.services.people_desk import PeopleDesk

PAGE = 25
OFFERING = frozenset({"accepted", "new_times"})
FURTHEST_PAGE = 400


class What(StrEnum):
    """What can happen in a story, besides what bookings' news is called."""

    REQUESTED = "requested"
    TEXT = "text"
    LETTER = "letter"
    RANG = "rang"
    CONFERENCE_STARTED = "conference_started"
    CONFERENCE_ENDED = "conference_ended"
    JOINED = "joined"
    LEFT = "left"
    BILLED = "billed"
    CHARGED = "charged"
    ENTERED = "entered"
    REFUND_ASKED = "refund_asked"
    CREDITS = "credits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened. `what` is one of What, or how the booking's news calls it; `person_id` is whom it is
    about, `facts` what else is known."""

    at: datetime
    what: str
    person_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay on the line; `left` is None while it lasts."""

    person_id: int | None
    joined: datetime
    left: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`moments` are in the order of time. `talk` is the time that host and a guest shared."""

    booking: Booking
    people: Mapping[int, Person]
    moments: tuple[Moment, ...]
    stays: tuple[Stay, ...]
    talk: tuple[Interval, ...]
    conferences: tuple[Conference, ...]
    said: tuple[OutboxRow, ...]
    charges: tuple[Charge, ...]
    entries: tuple[Entry, ...]
    credits: tuple[CreditEntry, ...]

    @property
    def seconds_talked(self) -> int:
        return seconds_talked(self.talk)

    def entries_of(self, charge_id: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.charge_id == charge_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is looked for. `person` is a number, an address, a username or a phone; `first` and `last` are the bounds of the
    start: with them the latest start comes first, otherwise the newest booking."""

    states: tuple[State, ...] = ()
    kinds: tuple[Kind, ...] = ()
    person: str = ""
    room: str = ""
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """A page of bookings with everybody in them. `older` is what to ask for to see more: a number of a booking, or
    how many to pass over where a day was asked for. `who` is the person that was looked for, if he is known."""

    bookings: tuple[Booking, ...]
    people: Mapping[int, Person]
    older: int | None
    who: Person | None = None


class CallStories:
    def __init__(self, *, database: Database, people: PeopleDesk) -> None:
        self._bookings = database.bookings
        self._people = database.people
        self._conferences = database.conferences
        self._calls = database.calls
        self._outbox = database.outbox
        self._charges = database.charges
        self._ledger = database.ledger
        self._credits = database.credits
        self._desk = people

    async def page(self, wanted: Filter, *, older: int | None = None, limit: int = PAGE) -> CallPage:
        """Bookings that fit, the newest first."""
        who = await self._looked_for(wanted.person) if wanted.person else None
        if wanted.person and who is None:
            return CallPage(bookings=(), people={}, older=None)
        narrowed: dict[str, Any] = {
            "states": wanted.states,
            "kinds": wanted.kinds,
            "person_id": who.id if who is not None else None,
            "room": wanted.room or None,
        }
        skip = 0
        if wanted.first is not None and wanted.last is not None:
            skip = min(older or 0, FURTHEST_PAGE * limit)
            found = await self._bookings.that_start(
                wanted.first, wanted.last, skip=skip, limit=limit + 1, **narrowed
            )
        else:
            found = await self._bookings.newest(before=older, limit=limit + 1, **narrowed)
        more = len(found) > limit
        found = found[:limit]
        following = (skip + limit if wanted.first is not None else found[-1].id) if more else None
        people = await self._people.many({each for booking in found for each in booking.people_ids[:4]})
        return CallPage(bookings=tuple(found), people=people, older=following, who=who)

    async def story(self, booking_id: int) -> Story:
        """Raises NotFound."""
        booking = await self._bookings.get(booking_id)
        if booking is None:
            raise NotFound
        history, conferences, calls, said, charges = await asyncio.gather(
            self._bookings.history(booking_id),
            self._conferences.of_booking(booking_id),
            self._calls.about(booking_id),
            self._outbox.about(booking_id),
            self._charges.of_booking(booking_id),
        )
        entries = await self._ledger.of_charges([charge.id for charge in charges])
        credits = await self._credits.many(entry_ids_of(booking_id)) if booking.kind is Kind.MEETING else []
        stays = tuple(Stay(leg.person_id, leg.joined, leg.left) for each in conferences for leg in each.legs)
        ids = {*booking.people_ids, *(stay.person_id for stay in stays if stay.person_id is not None)}
        ids |= {each.by for each in history if each.by is not None}
        ids |= {row.person_id for row in said if row.person_id is not None}
        people = await self._people.many(ids)
        moments = [
            *_negotiation(booking, history),
            *(_said(row) for row in said),
            *(moment for call in calls for moment in _rings(call)),
            *(moment for each in conferences for moment in _on_the_line(each)),
            *(moment for charge in charges for moment in _money(charge)),
            *(Moment(at=each.at, what=What.ENTERED, facts={"entry": each}) for each in entries),
            *(
                Moment(at=each.at, what=What.CREDITS, person_id=each.person_id, facts={"entry": each})
                for each in credits
            ),
        ]
        return Story(
            booking=booking,
            people=people,
            moments=tuple(sorted(moments, key=lambda each: each.at)),
            stays=stays,
            talk=tuple(
                sorted(
                    each for one in conferences for each in talk_intervals(one.legs, booking.host_id)
                )
            ),
            conferences=tuple(conferences),
            said=tuple(said),
            charges=tuple(charges),
            entries=tuple(entries),
            credits=tuple(credits),
        )  # fmt: skip

    async def _looked_for(self, given: str) -> Person | None:
        """The person whom this names and nobody else."""
        try:
            return await self._desk.one(given)
        except NotFound:
            return None


def _negotiation(booking: Booking, history: Sequence[News]) -> Iterable[Moment]:
    """What people agreed on; the times that they offered are told where they were."""
    told: set[int] = set()
    if not any(each.what == What.REQUESTED for each in history):
        yield Moment(at=booking.created, what=What.REQUESTED, person_id=_asker(booking))
    for news in history:
        facts: dict[str, Any] = {}
        if news.what in OFFERING and (place := _place(news)) < len(booking.suggestions):
            told.add(place)
            facts["times"] = booking.suggestions[place].times
        if news.what == "agreed" and booking.starts is not None:
            facts["starts"] = booking.starts
        if news.what == "declined":
            facts["reason"] = booking.reason
        if news.what == "cancelled":
            facts["reason"] = booking.cancel_reason
        yield Moment(at=news.at, what=news.what, person_id=news.by, facts=facts)
    for place, suggestion in enumerate(booking.suggestions):
        if place not in told:
            yield Moment(
                at=suggestion.made,
                what="new_times",
                person_id=suggestion.person_id,
                facts={"times": suggestion.times},
            )


def _place(news: News) -> int:
    """Which suggestion was made with this: news are numbered by how many there were."""
    number = news.id.rpartition(":")[2]
    return int(number) - 1 if number.isdecimal() and number != "0" else 0


def _asker(booking: Booking) -> int:
    is_his = booking.kind in (Kind.GATHERING, Kind.MEMORIAL) or not booking.guest_ids
    return booking.host_id if is_his else booking.guest_ids[0]


def _said(row: OutboxRow) -> Moment:
    return Moment(
        at=row.tried_at or row.created,
        what=What.TEXT if row.kind is OutboxKind.TEXT else What.LETTER,
        person_id=row.person_id,
        facts={"row": row},
    )


def _rings(call: Call) -> Iterable[Moment]:
    for step, outcome, at in call.outcomes:
        yield Moment(
            at=at,
            what=What.RANG,
            person_id=call.person_id,
            facts={"step": step, "outcome": outcome, "caller": _caller(call.caller)},
        )


def _caller(number: str) -> str:
    return masked(number) if number.startswith("+") else number


def _on_the_line(conference: Conference) -> Iterable[Moment]:
    if conference.started is not None:
        yield Moment(at=conference.started, what=What.CONFERENCE_STARTED)
    for leg in conference.legs:
        yield Moment(at=leg.joined, what=What.JOINED, person_id=leg.person_id)
        if leg.left is not None:
            yield Moment(at=leg.left, what=What.LEFT, person_id=leg.person_id)
    if conference.ended is not None:
        yield Moment(at=conference.ended, what=What.CONFERENCE_ENDED)


def _money(charge: Charge) -> Iterable[Moment]:
    yield Moment(at=charge.created, what=What.BILLED, person_id=charge.payer_id, facts={"charge": charge})
    for attempt in charge.attempts:
        yield Moment(
            at=attempt.started,
            what=What.CHARGED,
            person_id=charge.payer_id,
            facts={"charge": charge, "attempt": attempt},
        )
    for refund in charge.refunds:
        yield Moment(
            at=refund.made,
            what=What.REFUND_ASKED,
            person_id=charge.payer_id,
            facts={"charge": charge, "refund": refund},
        )
