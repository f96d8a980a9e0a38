"""Who may come in: the answers to a ringing phone, step by step, the first decision for each step kept.

A step is answered in two halves. `ring`, `pin`, `choice` and `hold` decide; the way in words the decision as TwiML
and hands it to `keep`, which returns what is to be said: the same again for a repeated request.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from store.calls import Call
from store.database import Database
from thserver.domain import codes
from thserver.domain.admissions import (
    CHOICE_TRIES,
    HOLD_TRIES,
    PIN_TRIES,
    Admission,
    CallerView,
    NothingScheduled,
    NotVerified,
    PinNeeded,
    PinReason,
    RoomInUse,
    SeveralFit,
    Sorry,
    StillInUse,
    Summoned,
    TooEarly,
    TooManyTries,
    Tries,
    Waiting,
    Welcome,
    Window,
    attestation_failed,
    caller_number,
    fitting,
    is_pin,
    next_one,
)
from thserver.domain.phone_numbers import masked
from thserver.domain.ports import Carrier, Clock
from thserver.metrics import RINGS
from thserver.services.background import Background
from thserver.services.rooms import RoomKeeper

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
# Wrong PINs within an hour: of one caller (all hidden numbers are one), and of everybody together.
PIN_FAILURES_OF_CALLER = 5
PIN_FAILURES_OF_ALL = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """This step was answered before; say the same."""

    twiml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to say in which step of which call, and what else is to be kept with it."""

    call_sid: str
    step: str
    admission: Admission
    caller: str
    is_first: bool


class Admissions:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        background: Background,
        rooms: RoomKeeper,
        secret_key: str,
        window: Window,
        longest: timedelta,
    ) -> None:
        """`window` is when people are let in, `longest` how long anybody may stay on the line."""
        self._admissions = database.admissions
        self._calls = database.calls
        self._limits = database.limits
        self._clock = clock
        self._carrier = carrier
        self._background = background
        self._rooms = rooms
        self._secret_key = secret_key
        self._window = window
        self._longest = longest

    async def ring(self, call_sid: str, *, from_number: str, verstat: str) -> Decision:
        """The phone rings."""
        number = caller_number(from_number)
        if number is None:
            admission = await self._ask_pin(PinReason.HIDDEN, from_number)
        elif attestation_failed(verstat):
            admission = await self._ask_pin(PinReason.UNATTESTED, from_number)
        else:
            now = self._clock.now()
            view = await self._admissions.of_phone(
                number, over_since=now - self._window.after, on_before=now + self._window.before
            )
            if view is not None:
                admission = await self._admit(view, call_sid)
            elif await self._admissions.awaits_code(number):
                admission = await self._ask_pin(PinReason.UNVERIFIED, from_number)
            else:
                admission = await self._ask_pin(PinReason.UNKNOWN, from_number)
        return Decision(
            call_sid=call_sid, step="ring", admission=admission, caller=_caller(from_number), is_first=True
        )

    async def pin(self, call_sid: str, *, try_number: int, digits: str) -> Decision | Kept:
        """Digits were typed when a PIN was asked for the first, second or third time in this call."""
        step = f"pin-{try_number}"
        call = await self._calls.get(call_sid)
        if call is not None and step in call.steps:
            return Kept(call.steps[step])
        if call is None:
            return self._decision(call_sid, step, Sorry())
        return self._decision(call_sid, step, await self._after_pin(call, step, try_number, digits), call)

    async def choice(self, call_sid: str, *, try_number: int, digits: str) -> Decision | Kept:
        """A digit was typed to choose between bookings."""
        step = f"choice-{try_number}"
        call = await self._calls.get(call_sid)
        if call is not None and step in call.steps:
            return Kept(call.steps[step])
        if call is None or call.person_id is None:
            return self._decision(call_sid, step, Sorry())
        chosen = _chosen(call.choices, digits)
        if chosen is not None:
            view = await self._admissions.of_booking(call.person_id, chosen)
            admission = await self._admit(view, call_sid) if view is not None else Sorry()
        elif try_number >= CHOICE_TRIES:
            admission = TooManyTries(tries=Tries.CHOICE)
        else:
            admission = await self._choose_again(call.person_id, call.choices, try_number + 1)
        return self._decision(call_sid, step, admission, call)

    async def hold(self, call_sid: str, *, booking_id: int, try_number: int) -> Decision | Kept:
        """Somebody who holds asks again whether the room is free."""
        step = f"hold-{try_number}"
        call = await self._calls.get(call_sid)
        if call is not None and step in call.steps:
            return Kept(call.steps[step])
        # The booking in the path counts only if it is the one that this call was found to be for.
        if call is None or call.person_id is None or call.booking_id != booking_id:
            return self._decision(call_sid, step, Sorry())
        view = await self._admissions.of_booking(call.person_id, booking_id)
        if view is None:
            return self._decision(call_sid, step, Sorry())
        return self._decision(call_sid, step, await self._admit(view, call_sid, held=try_number), call)

    async def keep(self, decision: Decision, twiml: str) -> str:
        """Keep what is to be said, and return what is: an earlier answer, if this step was answered meanwhile."""
        facts, now = self._facts(decision.admission), self._clock.now()
        outcome = type(decision.admission).__name__
        RINGS.labels(outcome).inc()
        if decision.is_first:
            said, is_kept = await self._calls.begin(
                decision.call_sid,
                decision.step,
                twiml,
                caller=decision.caller,
                now=now,
                facts=facts,
                outcome=outcome,
            )
        else:
            said, is_kept = await self._calls.add_step(
                decision.call_sid, decision.step, twiml, facts=facts, outcome=outcome, now=now
            )
        if is_kept and isinstance(decision.admission, Welcome):
            for conference_sid, call_sid in decision.admission.replaces:
                self._drop_leg(conference_sid, call_sid)
        return said

    async def admit(self, person_id: int, booking_id: int, call_sid: str) -> Admission:
        """The answer to somebody who is known already, for one booking of his."""
        view = await self._admissions.of_booking(person_id, booking_id)
        return await self._admit(view, call_sid) if view is not None else Sorry()

    async def waiting(self, booking_id: int, person_id: int) -> Waiting:
        """What somebody hears who is alone in the room."""
        slot = await self._admissions.slot(booking_id)
        if slot is None or person_id not in slot.people_ids:
            return Waiting()
        others = slot.others(person_id)
        view = await self._admissions.of_booking(person_id, booking_id)
        early = slot.starts > self._clock.now()
        return Waiting(
            absent=tuple(party.name for party in others if not party.present),
            is_group=len(others) > 1,
            time_counts=slot.time_counts,
            starts=slot.starts if early else None,
            **({"zone": view.zone} if view is not None else {}),
        )

    async def _after_pin(self, call: Call, step: str, try_number: int, digits: str) -> Admission:
        last = try_number >= PIN_TRIES
        if not is_pin(digits):
            if last:
                return TooManyTries(tries=Tries.PIN)
            return PinNeeded(reason=PinReason.NOT_A_PIN, try_number=try_number + 1)
        # Counted before compared, and once however often the carrier repeats the request.
        now = self._clock.now()
        counts = await self._calls.begin_guess(call.sid, step)
        mine, everybodys = f"pin:{call.caller}", "pin:all"
        if counts:
            used = await self._limits.count(mine, window=HOUR, now=now)
            used_by_all = await self._limits.count(everybodys, window=HOUR, now=now)
        else:
            used = await self._limits.used(mine, window=HOUR, now=now)
            used_by_all = 0
        if used > PIN_FAILURES_OF_CALLER or used_by_all > PIN_FAILURES_OF_ALL:
            log.warning("no more PINs from %s this hour", masked(call.caller))
            return TooManyTries(tries=Tries.LOCKED)
        view = await self._admissions.of_pin(codes.keyed_hash(self._secret_key, "pin", digits))
        if view is None:
            if used >= PIN_FAILURES_OF_CALLER:
                return TooManyTries(tries=Tries.LOCKED)
            if last:
                return TooManyTries(tries=Tries.PIN)
            return PinNeeded(reason=PinReason.WRONG, try_number=try_number + 1)
        if counts:
            await self._limits.forgive(mine, window=HOUR, now=now)
            await self._limits.forgive(everybodys, window=HOUR, now=now)
        return await self._admit(view, call.sid)

    async def _choose_again(self, person_id: int, choices: tuple[int, ...], try_number: int) -> Admission:
        views = [await self._admissions.of_booking(person_id, booking_id) for booking_id in choices]
        slots = tuple(slot for view in views if view is not None for slot in view.slots)
        if not slots or views[0] is None:
            return Sorry()
        return SeveralFit(caller=views[0], slots=slots, now=self._clock.now(), try_number=try_number)

    async def _ask_pin(self, reason: PinReason, from_number: str) -> Admission:
        used = await self._limits.used(f"pin:{_caller(from_number)}", window=HOUR, now=self._clock.now())
        if used >= PIN_FAILURES_OF_CALLER:
            return TooManyTries(tries=Tries.LOCKED)
        return NotVerified() if reason is PinReason.UNVERIFIED else PinNeeded(reason=reason)

    async def _admit(self, view: CallerView, call_sid: str, *, held: int = 0) -> Admission:
        now = self._clock.now()
        slots = fitting(view, self._window, now)
        if not slots:
            ahead = next_one(view, now)
            if ahead is None:
                return NothingScheduled(caller=view, now=now)
            return TooEarly(caller=view, slot=ahead, now=now, opens=self._window.opens(ahead))
        if len(slots) > 1:
            return SeveralFit(caller=view, slots=slots[:9], now=now, try_number=1)
        slot = slots[0]
        if not await self._rooms.enter(slot, now):
            if held >= HOLD_TRIES:
                return StillInUse(caller=view)
            return RoomInUse(caller=view, slot=slot, now=now, try_number=held + 1)
        return Welcome(
            caller=view,
            slot=slot,
            now=now,
            label=f"{slot.booking_id}-{view.person_id}-{call_sid[-12:]}",
            longest=self._longest,
            replaces=slot.earlier_legs(view.person_id, except_call=call_sid),
        )

    def _facts(self, admission: Admission) -> dict[str, Any]:
        match admission:
            case Welcome(caller=caller, slot=slot, now=now):
                return {
                    "person_id": caller.person_id, "booking_id": slot.booking_id, "about": slot.booking_id,
                    "admitted": now,
                }  # fmt: skip
            case RoomInUse(caller=caller, slot=slot) | Summoned(caller=caller, slot=slot):
                return {
                    "person_id": caller.person_id, "booking_id": slot.booking_id, "about": slot.booking_id,
                }  # fmt: skip
            case TooEarly(caller=caller, slot=slot):
                # Only remembered: what he may do next is decided when he rings again.
                return {"person_id": caller.person_id, "about": slot.booking_id}
            case SeveralFit(caller=caller, slots=slots):
                return {"person_id": caller.person_id, "choices": [slot.booking_id for slot in slots]}
            case _:
                return {}

    def _drop_leg(self, conference_sid: str, call_sid: str) -> None:
        async def drop() -> None:
            await self._carrier.remove_participant(conference_sid, call_sid)

        self._background.soon(f"drop leg {call_sid}", drop)

    @staticmethod
    def _decision(call_sid: str, step: str, admission: Admission, call: Call | None = None) -> Decision:
        return Decision(
            call_sid=call_sid,
            step=step,
            admission=admission,
            caller=call.caller if call else "",
            is_first=False,
        )


def _caller(from_number: str) -> str:
    """Whose guesses are counted together."""
    return caller_number(from_number) or "hidden"


def _chosen(choices: tuple[int, ...], digits: str) -> int | None:
    if len(digits) == 1 and digits in "123456789" and int(digits) <= len(choices):
        return choices[int(digits) - 1]
    return None
