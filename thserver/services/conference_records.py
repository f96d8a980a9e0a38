"""Conferences that fell silent: what was never told is looked up in the carrier's own records.

The facts found are kept beside the events under keys of their own, so a second look changes nothing, and an event
that comes after all fits in.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta

from store.calls import Call
from store.database import Database
from thserver.domain.admissions import ARRIVAL
from thserver.domain.conferences import CALL_RECORD, CONFERENCE_RECORD, Conference, ConferenceEvent
from thserver.domain.errors import Unavailable
from thserver.domain.ports import Carrier, CarrierCall, CarrierConference, Clock
from thserver.metrics import CONFERENCES_LOOKED_UP
from thserver.services.conferences import Conferences

log = logging.getLogger(__name__)

# How long nothing may be heard of a conference before the carrier is asked.
SILENCE = timedelta(minutes=2)
LOOKED_FOR = timedelta(hours=24)


class ConferenceRecords:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        conferences: Conferences,
        longest: timedelta,
    ) -> None:
        """`longest` is how long anybody may stay on the line."""
        self._conferences = database.conferences
        self._calls = database.calls
        self._bookings = database.bookings
        self._clock = clock
        self._carrier = carrier
        self._service = conferences
        self._longest = longest

    async def close_silent(self) -> int:
        """Apply what is left over, and look up what was never told. Says how many conferences were touched.

        What the carrier does not answer now is asked again at the next run.
        """
        left_over = await self._service.apply_left_over()
        touched = 0
        now = self._clock.now()
        try:
            for conference in await self._conferences.unfinished(checked_before=now - SILENCE):
                touched += await self._alone(conference.sid, self._look_up(conference, now))
            for call in await self._calls.not_arrived(before=now - SILENCE):
                touched += await self._alone(call.sid, self._find_untold(call, now))
        except Unavailable:
            log.warning("the carrier's records are not available")
        CONFERENCES_LOOKED_UP.inc(touched)
        return left_over + touched

    @staticmethod
    async def _alone(sid: str, work: Awaitable[int]) -> int:
        """One that can not be looked up must not keep the others waiting."""
        try:
            return await work
        except Unavailable:
            raise
        except Exception:
            log.exception("%s could not be looked up", sid)
            return 0

    async def _look_up(self, conference: Conference, now: datetime) -> bool:
        await self._service.show_out(conference)
        record = await self._carrier.conference_record(conference.sid)
        await self._conferences.checked(conference.sid, now)
        if record is None:
            if now < conference.created + self._longest + ARRIVAL:
                return False
            # The carrier does not know it any more: it ended with the last that was told.
            told = [moment for leg in conference.legs for moment in (leg.joined, leg.left) if moment]
            await self._add_conference(conference, None, ended=max(told, default=conference.created))
        elif record.status != "completed":
            latest = max((leg.joined for leg in conference.legs), default=conference.created)
            if now < latest + self._longest + ARRIVAL:
                return False
            log.warning("conference %s is on for too long and is ended", conference.sid)
            if not await self._carrier.end_conference(conference.sid):
                return False
            record = await self._carrier.conference_record(conference.sid)
            if record is None or record.status != "completed":
                return False
        if record is not None:
            for leg in conference.legs:
                await self._add_call(conference.booking_id, conference.sid, leg.call_sid, record)
            for call in await self._calls.not_arrived_of(conference.booking_id):
                await self._add_call(conference.booking_id, conference.sid, call.sid, record)
            await self._add_conference(conference, record, ended=conference.ended or record.updated_at)
        log.info("conference %s was closed from the carrier's record", conference.sid)
        await self._service.apply(conference.sid)
        return True

    async def _find_untold(self, call: Call, now: datetime) -> int:
        """A caller who was let in and of whom no event ever spoke. Says how many conferences were found."""
        assert call.booking_id is not None
        assert call.admitted is not None
        booking = await self._bookings.get(call.booking_id)
        record = await self._carrier.call_record(call.sid)
        if booking is None or record is None or call.admitted < now - LOOKED_FOR:
            await self._calls.lost(call.sid)
            return 0
        since = call.admitted - self._longest - ARRIVAL
        named = await self._carrier.conferences_named(booking.room, since=since)
        his = [each for each in named if _was_in(record, call.admitted, each)]
        found = 0
        for each in reversed(his):
            found += await self._adopt(booking.id, each)
        if not his and record.ended_at is not None:
            # He hung up during the greeting.
            await self._calls.lost(call.sid)
        return found

    async def _adopt(self, booking_id: int, record: CarrierConference) -> bool:
        """A conference of this booking that nobody told us of, or that was told without this caller."""
        known = await self._conferences.get(record.sid)
        if known is not None and known.booking_id != booking_id:
            return False
        ended = record.updated_at if record.status == "completed" else None
        sids = {call.sid for call in await self._calls.not_arrived_of(booking_id)}
        for sid in sorted(sids | {leg.call_sid for leg in known.legs} if known is not None else sids):
            await self._add_call(booking_id, record.sid, sid, record)
        if ended is not None:
            await self._service.note(
                booking_id,
                record.sid,
                ConferenceEvent(
                    key=CONFERENCE_RECORD,
                    sequence_number=None,
                    name=CONFERENCE_RECORD,
                    at=record.created_at,
                    room=record.room,
                    until=ended,
                ),
            )
        log.info("conference %s was found in the carrier's records", record.sid)
        await self._service.apply(record.sid)
        return True

    async def _add_conference(
        self, conference: Conference, record: CarrierConference | None, *, ended: datetime
    ) -> None:
        await self._service.note(
            conference.booking_id,
            conference.sid,
            ConferenceEvent(
                key=CONFERENCE_RECORD,
                sequence_number=None,
                name=CONFERENCE_RECORD,
                at=record.created_at if record is not None else conference.created,
                room=conference.room,
                until=ended,
            ),
        )

    async def _add_call(
        self, booking_id: int, conference_sid: str, call_sid: str, conference: CarrierConference
    ) -> None:
        """The time of this call in the conference, as far as the carrier's record of the call tells."""
        record = await self._carrier.call_record(call_sid)
        if record is None or record.started_at is None:
            return
        over = conference.updated_at if conference.status == "completed" else None
        since = max(record.started_at, conference.created_at)
        until = min((each for each in (record.ended_at, over) if each is not None), default=None)
        if until is not None and until <= since:
            return
        if over is not None and since >= over:
            return
        await self._service.note(
            booking_id,
            conference_sid,
            ConferenceEvent(
                # That a call has ended is another fact than that it was on the line.
                key=f"{CALL_RECORD}:{call_sid}" + ("" if until is not None else ":on"),
                sequence_number=None,
                name=CALL_RECORD,
                at=since,
                call_sid=call_sid,
                room=conference.room,
                until=until,
            ),
        )


def _was_in(call: CarrierCall, admitted: datetime, conference: CarrierConference) -> bool:
    """Whether the call, from its admission to its end, met the conference. Whoever was let in for a booking has
    its room to himself, so a conference that he met is one of his booking."""
    over = conference.updated_at if conference.status == "completed" else None
    begins_before_he_left = call.ended_at is None or conference.created_at <= call.ended_at
    return begins_before_he_left and (over is None or over > admitted)
