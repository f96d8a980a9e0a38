"""The simulated phone company: the port, the phones that dial it, and what it does to the service over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from thserver.domain import errors
from thserver.domain.ports import CarrierCall, CarrierConference, CarrierMessage, Clock, Outcome, Sent
from thserver.gateways.simulated_carrier import conferences, documents
from thserver.gateways.simulated_carrier.calls import SimulatedCall
from thserver.gateways.simulated_carrier.conferences import Rooms
from thserver.gateways.simulated_carrier.following import Follower
from thserver.gateways.simulated_carrier.ringing import Ring, Ringing
from thserver.gateways.simulated_carrier.texts import Text, Texts, geography
from thserver.gateways.simulated_carrier.waiting import Waiting
from thserver.gateways.simulated_carrier.webhooks import (
    Callbacks,
    Faults,
    Posting,
    WebhookFailed,
    Webhooks,
    new_sid,
    shuffled,
)
from thserver.gateways.simulated_records import Records

CALL = "call"
# What Twilio gives for From when a caller hides the number: ANONYMOUS on the keypad.
HIDDEN_NUMBER = "+266696687"


class SimulatedCarrier:
    """The port `Carrier`, and the other end of practice phones. All URLs are full ones at the service."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        account_id: str,
        auth_token: str,
        base_url: str,
        voice_url: str,
        voice_fallback_url: str,
        text_url: str,
        text_number: str,
        conference_number: str,
        seconds_per_second: float = 1.0,
    ) -> None:
        """`base_url` is where callback paths belong; `seconds_per_second` how many seconds of a call pass in
        one (0: pauses and time limits end only when the clock says so, see `look_at_clock`)."""
        self.account_id = account_id
        self.auth_tokens: tuple[str, ...] = (auth_token,)
        self.faults = Faults()
        self.calls: dict[str, SimulatedCall] = {}
        self._records = records
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._voice_url = voice_url
        self._voice_fallback_url = voice_fallback_url
        self.conference_number = conference_number
        self._waiting = Waiting(clock, seconds_per_second)
        self._webhooks = Webhooks(auth_token=auth_token)
        self._callbacks = Callbacks(self._webhooks, self.faults)
        self._ringing = Ringing(waiting=self._waiting, callbacks=self._callbacks)
        self._rooms = Rooms(account_id=account_id, records=records, clock=clock, callbacks=self._callbacks)
        self._texts = Texts(
            account_id=account_id,
            number=text_number,
            base_url=self._base_url,
            text_url=text_url,
            records=records,
            clock=clock,
            webhooks=self._webhooks,
            callbacks=self._callbacks,
            faults=self.faults,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        # A job run by hand opens the same records while the service has calls on the line.
        if records.claim():
            self._rooms.close_forgotten()
            self._close_forgotten_calls()

    # The port.

    async def send_text(
        self, to: str, body: str, *, callback_path: str, valid_for_s: int | None = None
    ) -> Sent:
        return self._texts.send(to, body, self._texts.callback_url(callback_path))

    async def find_text(self, to: str, body: str, *, since: datetime) -> CarrierMessage | None:
        self._look_up()
        return self._texts.find(to, body, since)

    async def call_record(self, call_sid: str) -> CarrierCall | None:
        self._look_up()
        record = self._records.get(CALL, call_sid)
        if record is None:
            return None
        return CarrierCall(
            sid=record["sid"],
            from_number=record["from"],
            to_number=record["to"],
            status=record["status"],
            started_at=_moment(record["started_at"]),
            ended_at=_moment(record["ended_at"]),
        )

    async def conference_record(self, conference_sid: str) -> CarrierConference | None:
        self._look_up()
        record = self._records.get(conferences.KIND, conference_sid)
        return None if record is None else _conference(record)

    async def conferences_named(self, room: str, *, since: datetime) -> list[CarrierConference]:
        self._look_up()
        found = map(_conference, reversed(self._records.where(conferences.KIND, "room", room)))
        return [conference for conference in found if conference.created_at >= since]

    async def end_conference(self, conference_sid: str) -> bool:
        if self._rooms.end(conference_sid):
            return True
        record = self._records.get(conferences.KIND, conference_sid)
        return record is not None and record["status"] == "completed"

    async def remove_participant(self, conference_sid: str, call_sid: str) -> bool:
        return self._rooms.remove(conference_sid, call_sid)

    async def mute_participant(self, conference_sid: str, call_sid: str, *, muted: bool) -> bool:
        return self._rooms.mute(conference_sid, call_sid, muted=muted)

    async def announce(self, conference_sid: str, *, path: str) -> bool:
        if not self._rooms.is_live(conference_sid):
            return False
        self._soon(self._announce(conference_sid, self._base_url + path))
        return True

    async def place_call(self, to: str, *, path: str, status_path: str, ring_for_s: int) -> Sent:
        call = self._new_call(self.conference_number, to, status="ringing")
        params = self._call_params(call, direction="outbound-api")
        follower = self._follower(call, params)
        ring = Ring(
            call,
            status_url=self._base_url + status_path,
            params=params,
            follow=lambda: follower.follow(self._base_url + path, {}),
        )
        self._soon(self._ringing.ring(ring, ring_for_s=ring_for_s))
        return Sent(Outcome.DONE, provider_id=call.sid)

    async def close(self) -> None:
        """End every call and everything that is under way. The records stay open for their owner to close."""
        for call in list(self.calls.values()):
            call.end(by="carrier", reason="carrier closed")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._callbacks.close()
        await self._webhooks.close()

    # The phones.

    async def dial(
        self, from_number: str | None, *, to: str | None = None, stir: str | None = None
    ) -> SimulatedCall:
        """A phone dials the service; None hides its number.

        `stir` is what the network vouches for: A, B or C, or the whole value of StirVerstat.
        """
        if from_number is not None and not re.fullmatch(r"\+[1-9][0-9]{6,14}", from_number):
            raise ValueError("a caller's number looks like +12025550111")
        caller = HIDDEN_NUMBER if from_number is None else from_number
        call = self._new_call(caller, to or self.conference_number, status="in-progress")
        call.picked_up.set()
        follower = self._follower(call, self._call_params(call))
        extra = {"CallToken": new_sid("")}
        if stir is not None:
            extra["StirVerstat"] = f"TN-Validation-Passed-{stir}" if stir in ("A", "B", "C") else stir
        self._soon(follower.follow(self._voice_url, extra))
        return call

    def ringing_for(self, number: str) -> list[SimulatedCall]:
        """The calls of the service that ring at this number now, the first first. `call.hang_up()` declines one."""
        return self._ringing.at(number)

    async def next_ring(self, number: str) -> SimulatedCall:
        """Wait until the service calls this number; at once when it rings already."""
        return await self._ringing.next_at(number)

    def answer(self, call: SimulatedCall) -> bool:
        """Pick up a ringing call: from then on its events come as those of a call that was dialled. False when it
        does not ring any more, or somebody else was first."""
        return self._ringing.answer(call)

    def all_texts(self) -> list[Text]:
        """Every text in both directions, newest last, with sid, direction, from, to, body, at and status."""
        return self._texts.all()

    def texts_to(self, number: str) -> list[Text]:
        """Every text that reached this number, newest last."""
        return self._texts.to(number)

    def texts_of(self, number: str) -> list[Text]:
        """Every text to or from this number, newest last."""
        return self._texts.of(number)

    async def text_from(self, number: str, body: str) -> list[Text]:
        """A person texts the service. Returns the answers that reach that phone."""
        return await self._texts.receive(number, body)

    # For tests.

    @property
    def debugger(self) -> list[dict[str, str | int]]:
        """Everything that went wrong between carrier and service: code, reason and url."""
        return list(self._webhooks.debugger)

    async def settled(self) -> None:
        """Returns when every callback so far has been delivered or given up."""
        await self._callbacks.settled()

    def look_at_clock(self) -> None:
        """The clock was moved by hand: pauses, questions and time limits that are over by it end now."""
        self._waiting.look_at_clock()

    def release_callbacks(self, order: Callable[[list[Posting]], list[Posting]] = shuffled) -> None:
        """Let go what `faults.hold_callbacks` kept back, in this order."""
        self._callbacks.release(order)

    def _new_call(self, from_number: str, to_number: str, *, status: str) -> SimulatedCall:
        call = SimulatedCall(from_number=from_number, to_number=to_number, on_hang_up=self._hung_up)
        self.calls[call.sid] = call
        self._records.put(
            CALL,
            call.sid,
            {
                "sid": call.sid,
                "from": call.from_number,
                "to": call.to_number,
                "status": status,
                "started_at": self._clock.now().isoformat(),
                "ended_at": None,
            },
        )
        return call

    def _follower(self, call: SimulatedCall, params: dict[str, str]) -> Follower:
        return Follower(
            call,
            webhooks=self._webhooks,
            rooms=self._rooms,
            waiting=self._waiting,
            base_params=params,
            fallback_url=self._voice_fallback_url,
        )

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _announce(self, conference_sid: str, url: str) -> None:
        """Everybody in the room hears what the service says there; when it says nothing, nobody does."""
        try:
            answer = await self._webhooks.send(
                url, {"ConferenceSid": conference_sid, "AccountSid": self.account_id}
            )
            said = [verb for verb in documents.read(url, answer).verbs if verb.tag == "Say"]
        except (WebhookFailed, documents.BadDocument):
            return
        for verb in said:
            self._rooms.say(conference_sid, documents.text_of(verb), language=verb.get("language", "en-US"))

    def _call_params(self, call: SimulatedCall, *, direction: str = "inbound") -> dict[str, str]:
        return {
            "CallSid": call.sid,
            "AccountSid": self.account_id,
            "From": call.from_number,
            "Caller": call.from_number,
            "To": call.to_number,
            "Called": call.to_number,
            "ApiVersion": "2010-04-01",
            "Direction": direction,
            **geography("From", call.from_number),
            **geography("Caller", call.from_number),
            **geography("To", call.to_number),
            **geography("Called", call.to_number),
        }

    def _hung_up(self, call: SimulatedCall) -> None:
        self._rooms.leave_everywhere(call)
        self._ringing.over(call)
        self.calls.pop(call.sid, None)
        self._records.update(CALL, call.sid, status=call.status, ended_at=self._clock.now().isoformat())

    def _close_forgotten_calls(self) -> None:
        now = self._clock.now().isoformat()
        for record in self._records.all(CALL):
            if record["ended_at"] is None:
                self._records.update(CALL, record["sid"], status="completed", ended_at=now)

    def _look_up(self) -> None:
        if self.faults.records_unavailable:
            raise errors.Unavailable


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _conference(record: dict[str, Any]) -> CarrierConference:
    return CarrierConference(
        sid=record["sid"],
        room=record["room"],
        status=record["status"],
        created_at=datetime.fromisoformat(record["created_at"]),
        updated_at=datetime.fromisoformat(record["updated_at"]),
        reason_ended=record["reason_ended"],
    )
