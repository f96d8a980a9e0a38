"""Whose room it is: nobody is let into a room in which another booking's conference is live.

A room belongs to the booking in its document until the time there. It stays its as long as a conference is on, and
as long as somebody who was let in is still on his way through the greeting. Only a claim, which is one conditional
update, hands it over.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from store.database import Database
from thserver.domain.admissions import ARRIVAL, ROOM_GRACE, LiveConference, RoomState, Slot, Stay
from thserver.domain.conferences import Conference
from thserver.domain.errors import Unavailable
from thserver.domain.ports import Carrier, Clock

log = logging.getLogger(__name__)


class RoomKeeper:
    def __init__(self, *, database: Database, clock: Clock, carrier: Carrier, longest: timedelta) -> None:
        """`longest` is how long anybody may stay on the line."""
        self._rooms = database.rooms
        self._calls = database.calls
        self._gatherings = database.gatherings
        self._clock = clock
        self._carrier = carrier
        self._longest = longest

    async def enter(self, slot: Slot, now: datetime) -> bool:
        """Whether somebody of this booking may come in now. `slot` holds the room's state as it was read."""
        state = slot.room_state
        if state is not None and state.booking_id == slot.booking_id and state.until > now + ROOM_GRACE:
            # Whoever takes the room after its end waits out the grace, by which time this caller's admission is
            # written down; so nothing has to be written here.
            return True
        if (
            state is not None
            and state.booking_id != slot.booking_id
            and (state.until > now or not await self._is_left(slot.room, state, now))
        ):
            return False
        return await self._rooms.claim(slot.room, slot.booking_id, now=now, until=now + ARRIVAL)

    async def is_used(self, room: str, booking_id: int) -> bool:
        """Whether a conference of this booking is on in the room, or somebody on his way to one."""
        state = await self._rooms.get(room)
        return (
            state is not None
            and state.booking_id == booking_id
            and not state.released
            and state.until > self._clock.now()
        )

    async def show_out(self, booking_id: int) -> None:
        """Take off the line whoever is in a gathering's room and in the gathering no longer.

        To be called after its people have changed and after somebody has come in: whichever is last sees both.
        """
        members = await self._gatherings.members(booking_id)
        if members is None:
            return
        room, people_ids = members
        state = await self._rooms.get(room)
        live = state.live_for(booking_id) if state is not None else None
        for stay in live.present if live is not None else ():
            if live is not None and stay.person_id is not None and stay.person_id not in people_ids:
                log.info("person %s is shown out of room %s", stay.person_id, room)
                await self._carrier.remove_participant(live.sid, stay.call_sid)

    async def follow(self, conference: Conference, *, events: int) -> None:
        """Let the room's document say what the conference's events say."""
        now = self._clock.now()
        if conference.ended is not None:
            await self._rooms.release(
                conference.room,
                booking_id=conference.booking_id,
                conference_sid=conference.sid,
                until=now + ROOM_GRACE,
            )
            return
        live = LiveConference(
            sid=conference.sid,
            booking_id=conference.booking_id,
            created=conference.created,
            present=tuple(Stay(leg.person_id, leg.call_sid) for leg in conference.present),
        )
        # Nobody stays longer, so after that the room is free even if no end is ever told; the sweep asks before.
        latest = max((leg.joined for leg in conference.legs), default=conference.created)
        until = latest + self._longest + ARRIVAL
        if not await self._rooms.set_live(conference.room, live, events=events, now=now, until=until):
            log.debug("room %s was not updated by conference %s", conference.room, conference.sid)

    async def _is_left(self, room: str, state: RoomState, now: datetime) -> bool:
        """Whether nobody of the booking before is in the room or on his way there."""
        last = await self._calls.last_on_the_way(state.booking_id, since=now - ARRIVAL)
        if last is not None:
            await self._rooms.keep(room, booking_id=state.booking_id, until=last + ARRIVAL)
            return False
        if state.released:
            return True
        # Its end was never told: the carrier knows whether anybody is still there.
        try:
            named = await self._carrier.conferences_named(room, since=now - 2 * self._longest)
        except Unavailable:
            return False
        return all(conference.status == "completed" for conference in named)
