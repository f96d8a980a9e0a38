"""Rooms as staff see them: who is on the line, who is awaited, who left and why, and what can be done about it.

What is done is done by the carrier; what comes of it comes back as its events, as everything else does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from store.conference_events import Leaving
from store.database import Database
from thserver.domain import codes
from thserver.domain.admissions import Window
from thserver.domain.bookings import Booking, State
from thserver.domain.conferences import Conference, Leg
from thserver.domain.errors import CarrierRefused, Invalid, NotFound, WrongState
from thserver.domain.ports import Carrier, Clock
from thserver.domain.staff_actions import Actor
from thserver.services.dial_outs import DialOuts, SaidStop
from thserver.services.room_views import Known, LiveRoom, Missing, OnLine, Overview, expected, room_of
from thserver.services.staff_actions import StaffActions

SHOWN_AFTER_END = timedelta(hours=1)
LONGEST_ANNOUNCEMENT = 300
# How long the carrier may ask what is to be announced.
ANNOUNCED_WITHIN = timedelta(minutes=10)
ANNOUNCE = "announce"


class LiveRooms:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        staff_actions: StaffActions,
        dial_outs: DialOuts,
        window: Window,
        secret_key: str,
    ) -> None:
        self._conferences = database.conferences
        self._events = database.conference_events
        self._bookings = database.bookings
        self._people = database.people
        self._calls = database.calls
        self._last_dial_outs = database.dial_outs
        self._opt_outs = database.opt_outs
        self._clock = clock
        self._carrier = carrier
        self._staff_actions = staff_actions
        self._dial_outs = dial_outs
        self._window = window
        self._secret_key = secret_key

    async def overview(self) -> Overview:
        now = self._clock.now()
        live = await self._conferences.live()
        ended = await self._conferences.ended_since(now - SHOWN_AFTER_END)
        due = await self._bookings.agreed_between(
            now - self._window.after, now + self._window.before, limit=100
        )
        busy = {conference.booking_id for conference in live}
        waiting = [booking for booking in due if booking.id not in busy]
        known = await self._known([*live, *ended], waiting, now)
        return Overview(
            live=[room for each in live if (room := room_of(each, known)) is not None],
            expected=[expected(booking, known) for booking in waiting],
            recent=[room for each in ended if (room := room_of(each, known)) is not None],
        )

    async def mute(self, actor: Actor, conference_sid: str, call_sid: str, *, muted: bool) -> None:
        """Raises NotFound, WrongState or CarrierRefused, as everything here that acts on a conference."""
        conference = await self._live(conference_sid)
        leg = _leg(conference, call_sid)
        async with self._staff_actions.recorded(
            actor=actor,
            action="mute" if muted else "unmute",
            subject=f"conference {conference_sid}",
            details=await self._about(conference, leg.person_id),
        ):
            if not await self._carrier.mute_participant(conference_sid, call_sid, muted=muted):
                raise CarrierRefused
            await self._calls.set_muted(call_sid, muted=muted)

    async def remove(self, actor: Actor, conference_sid: str, call_sid: str) -> None:
        conference = await self._live(conference_sid)
        leg = _leg(conference, call_sid)
        async with self._staff_actions.recorded(
            actor=actor,
            action="remove",
            subject=f"conference {conference_sid}",
            details=await self._about(conference, leg.person_id),
        ):
            if not await self._carrier.remove_participant(conference_sid, call_sid):
                raise CarrierRefused

    async def end(self, actor: Actor, conference_sid: str) -> None:
        conference = await self._live(conference_sid)
        async with self._staff_actions.recorded(
            actor=actor,
            action="end",
            subject=f"conference {conference_sid}",
            details=await self._about(conference),
        ):
            if not await self._carrier.end_conference(conference_sid):
                raise CarrierRefused

    async def announce(self, actor: Actor, conference_sid: str, sentence: str) -> None:
        """Have a sentence spoken to everybody in the room. Raises Invalid(sentence=…) besides."""
        said = " ".join("".join(each if each.isprintable() else " " for each in sentence).split())
        if not said:
            raise Invalid(sentence="blank")
        if len(said) > LONGEST_ANNOUNCEMENT:
            raise Invalid(sentence="too_long")
        conference = await self._live(conference_sid)
        async with self._staff_actions.recorded(
            actor=actor,
            action=ANNOUNCE,
            subject=f"conference {conference_sid}",
            details={**await self._about(conference), "sentence": said},
        ) as number:
            path = f"/phone/announcements/{number}/{self._announcement_token(number)}"
            if not await self._carrier.announce(conference_sid, path=path):
                raise CarrierRefused

    async def announcement(self, number: int, token: str) -> str:
        """The sentence that this action wants spoken, for the carrier. Raises NotFound."""
        if not codes.same(token, self._announcement_token(number)):
            raise NotFound
        action = await self._staff_actions.get(number)
        if action is None or action.action != ANNOUNCE or action.at < self._clock.now() - ANNOUNCED_WITHIN:
            raise NotFound
        return action.details["sentence"]

    async def call(self, actor: Actor, conference_sid: str, person_id: int) -> None:
        """Call somebody of the booking who is not in the room. Raises SaidStop, BeingCalled, Unavailable and
        OutcomeUnknown besides."""
        conference = await self._live(conference_sid)
        booking = await self._bookings.get(conference.booking_id)
        person = await self._people.get(person_id)
        if booking is None or person is None or person_id not in booking.people_ids:
            raise NotFound
        if (
            person.phone is None
            or not self._may_dial_in(booking)
            or any(leg.person_id == person_id for leg in conference.present)
        ):
            raise WrongState
        if await self._opt_outs.has(person.phone):
            raise SaidStop
        async with self._staff_actions.recorded(
            actor=actor,
            action="call",
            subject=f"conference {conference_sid}",
            details=await self._about(conference, person_id),
        ):
            await self._dial_outs.call(booking.id, person_id, person.phone)

    async def _live(self, conference_sid: str) -> Conference:
        conference = await self._conferences.get(conference_sid)
        if conference is None:
            raise NotFound
        if conference.ended is not None:
            raise WrongState
        return conference

    async def _about(self, conference: Conference, person_id: int | None = None) -> dict[str, str]:
        about = {"booking": str(conference.booking_id)}
        if person_id is not None:
            person = await self._people.get(person_id)
            about["person"] = f"{person.full_name} ({person_id})" if person is not None else str(person_id)
        return about

    def _may_dial_in(self, booking: Booking) -> bool:
        now = self._clock.now()
        return (
            booking.state in (State.AGREED, State.HELD)
            and booking.starts is not None
            and booking.ends is not None
            and booking.starts - self._window.before <= now < booking.ends + self._window.after
        )

    def _announcement_token(self, number: int) -> str:
        return codes.keyed_hash(self._secret_key, "announcement", str(number))[:32]

    async def _known(
        self, conferences: Sequence[Conference], waiting: Iterable[Booking], now: datetime
    ) -> Known:
        bookings = await self._bookings.many({each.booking_id for each in conferences})
        bookings |= {booking.id: booking for booking in waiting}
        people = {person_id for booking in bookings.values() for person_id in booking.people_ids}
        people |= {leg.person_id for each in conferences for leg in each.legs if leg.person_id is not None}
        leavings: dict[str, list[Leaving]] = defaultdict(list)
        for leaving in await self._events.leavings([each.sid for each in conferences]):
            leavings[leaving.conference_sid].append(leaving)
        return Known(
            bookings=bookings,
            people=await self._people.many(people),
            calls=await self._calls.many({leg.call_sid for each in conferences for leg in each.legs}),
            leavings=leavings,
            dial_outs={
                (each.booking_id, each.person_id): each
                for each in await self._last_dial_outs.of_bookings(bookings)
            },
            now=now,
        )


def _leg(conference: Conference, call_sid: str) -> Leg:
    """Raises NotFound for a call that is not in the room now."""
    for leg in conference.present:
        if leg.call_sid == call_sid:
            return leg
    raise NotFound


__all__ = ["LiveRoom", "LiveRooms", "Missing", "OnLine", "Overview"]
