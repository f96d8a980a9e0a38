"""Calling somebody who is missing in a room: he is told who waits for him, and is let in when he presses a key.

The key is his consent, and no mailbox presses one.
"""

from __future__ import annotations

import logging

from store.database import Database
from thserver.domain.admissions import NotJoining, Sorry, Summoned
from thserver.domain.dial_outs import ASKED, ENDINGS, FORGOTTEN_AFTER, RING_FOR_S, DialOutState
from thserver.domain.errors import AlreadyExists, CarrierRefused, Conflict, OutcomeUnknown, Unavailable
from thserver.domain.phone_numbers import masked
from thserver.domain.ports import Carrier, Clock, Outcome
from thserver.services.admissions import Admissions, Decision, Kept

log = logging.getLogger(__name__)

JOIN_KEY = "1"


class BeingCalled(Conflict):
    """His phone is ringing already."""

    code = "being_called"


class SaidStop(Conflict):
    """He has texted STOP. What is said by a machine is not to reach him by voice either."""

    code = "said_stop"


class DialOuts:
    def __init__(self, *, database: Database, clock: Clock, carrier: Carrier, admissions: Admissions) -> None:
        self._dial_outs = database.dial_outs
        self._views = database.admissions
        self._calls = database.calls
        self._clock = clock
        self._carrier = carrier
        self._admissions = admissions

    async def call(self, booking_id: int, person_id: int, phone: str) -> None:
        """Have this person's phone ring. Raises BeingCalled, CarrierRefused, Unavailable or OutcomeUnknown."""
        now = self._clock.now()
        try:
            made = await self._dial_outs.begin(
                booking_id, person_id, now=now, forgotten_before=now - FORGOTTEN_AFTER
            )
        except AlreadyExists as error:
            raise BeingCalled from error
        path = f"/phone/dial-out/{booking_id}/{person_id}/{made.number}"
        sent = await self._carrier.place_call(
            phone, path=path, status_path=f"{path}/status", ring_for_s=RING_FOR_S
        )
        if sent.outcome is Outcome.UNKNOWN:
            # It may be ringing; how it ends will be told, if it does.
            raise OutcomeUnknown
        if sent.outcome is not Outcome.DONE:
            log.warning("%s could not be called: %s", masked(phone), sent.reason)
            await self._change(booking_id, person_id, made.number, DialOutState.FAILED)
            raise Unavailable if sent.outcome is Outcome.RETRY else CarrierRefused
        await self._change(
            booking_id, person_id, made.number, DialOutState.CALLING, call_sid=sent.provider_id
        )

    async def answered(
        self, call_sid: str, *, booking_id: int, person_id: int, number: int, phone: str
    ) -> Decision:
        """Somebody has picked up: what he hears. `phone` is the number that was called."""
        await self._change(booking_id, person_id, number, DialOutState.ANSWERED, call_sid=call_sid)
        view = await self._views.of_booking(person_id, booking_id)
        admission = (
            Summoned(caller=view, slot=view.slots[0], number=number)
            if view is not None and view.slots
            else Sorry()
        )
        return Decision(call_sid=call_sid, step="dial-out", admission=admission, caller=phone, is_first=True)

    async def pressed(
        self, call_sid: str, *, booking_id: int, person_id: int, number: int, try_number: int, digits: str
    ) -> Decision | Kept:
        """He has pressed a key, or none: let in, asked once more, or told goodbye."""
        step = f"dial-out-{try_number}"
        call = await self._calls.get(call_sid)
        if call is not None and step in call.steps:
            return Kept(call.steps[step])
        if call is None or (call.person_id, call.booking_id) != (person_id, booking_id):
            return Decision(call_sid=call_sid, step=step, admission=Sorry(), caller="", is_first=False)
        if digits == JOIN_KEY:
            admission = await self._admissions.admit(person_id, booking_id, call_sid)
        elif try_number < ASKED:
            view = await self._views.of_booking(person_id, booking_id)
            admission = (
                Summoned(caller=view, slot=view.slots[0], number=number, try_number=try_number + 1)
                if view is not None and view.slots
                else Sorry()
            )
        else:
            admission = NotJoining()
        return Decision(call_sid=call_sid, step=step, admission=admission, caller=call.caller, is_first=False)

    async def ended(self, *, booking_id: int, person_id: int, number: int, status: str) -> None:
        """The carrier says how the call ended; what is no end is nothing to us."""
        state = ENDINGS.get(status)
        if state is not None:
            await self._change(booking_id, person_id, number, state)

    async def _change(
        self,
        booking_id: int,
        person_id: int,
        number: int,
        state: DialOutState,
        *,
        call_sid: str | None = None,
    ) -> None:
        # An end that is told twice, or before the answer, stays the end.
        under_way = (
            (DialOutState.CALLING, DialOutState.ANSWERED)
            if state in ENDINGS.values()
            else (DialOutState.CALLING,)
        )
        await self._dial_outs.change(
            booking_id, person_id, number, state, only_from=under_way, call_sid=call_sid
        )
