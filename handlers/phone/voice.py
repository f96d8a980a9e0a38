"""A phone rings: each answer is TwiML, and always a 200 once the request is authentic."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from handlers.access import signed_by_carrier
from handlers.phone.base import PhoneHandler
from thserver.domain.admissions import Sorry, Waiting
from thserver.domain.errors import Refusal, Unavailable
from thserver.services.admissions import Decision, Kept
from twiml import conversation

log = logging.getLogger("thserver.phone")


class VoiceHandler(PhoneHandler):
    """What goes wrong after the signature is right is spoken as an apology, never shown as a status."""

    authentic = False

    async def check_signature(self) -> None:
        await super().check_signature()
        self.authentic = True

    @property
    def base_url(self) -> str:
        return str(self.application.settings["base_url"])

    def call_sid(self) -> str | None:
        sid = self.value("CallSid")
        return sid if re.fullmatch(r"CA[0-9A-Za-z]{1,64}", sid) else None

    async def answer(self, decide: Callable[[str], Awaitable[Decision | Kept]]) -> None:
        """Say what is decided about the call of this sid; without one nothing is."""
        call_sid = self.call_sid()
        if call_sid is None:
            self.apologise()
            return
        await self.say(await decide(call_sid))

    async def say(self, decision: Decision | Kept) -> None:
        """Word a decision, keep it, and say what is kept. An apology is not kept: the next try may do better."""
        if isinstance(decision, Kept):
            self.reply_twiml(decision.twiml)
            return
        twiml = conversation.answer(decision.admission, self.base_url)
        if not isinstance(decision.admission, Sorry):
            twiml = await self.services.admissions.keep(decision, twiml)
        self.reply_twiml(twiml)

    def apologise(self) -> None:
        self.set_status(200)
        self.reply_twiml(conversation.APOLOGY)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if self.authentic:
            self.apologise()
        else:
            super().write_error(status_code, **kwargs)


class Ring(VoiceHandler):
    """/phone/voice: the URL that is configured for the number."""

    @signed_by_carrier
    async def post(self) -> None:
        await self.answer(
            lambda call_sid: self.services.admissions.ring(
                call_sid, from_number=self.value("From"), verstat=self.value("StirVerstat")
            )
        )


class Fallback(VoiceHandler):
    """/phone/voice/fallback: where the phone company goes when we failed. Needs nothing but this process."""

    @signed_by_carrier
    async def post(self) -> None:
        self.apologise()


class Pin(VoiceHandler):
    """/phone/voice/pin/{try}: digits typed when a PIN was asked for."""

    @signed_by_carrier
    async def post(self, try_number: str) -> None:
        await self.answer(
            lambda call_sid: self.services.admissions.pin(
                call_sid, try_number=int(try_number), digits=self.value("Digits")
            )
        )


class Choice(VoiceHandler):
    """/phone/voice/choice/{try}: the digit of one of several bookings."""

    @signed_by_carrier
    async def post(self, try_number: str) -> None:
        await self.answer(
            lambda call_sid: self.services.admissions.choice(
                call_sid, try_number=int(try_number), digits=self.value("Digits")
            )
        )


class Hold(VoiceHandler):
    """/phone/voice/hold/{booking}/{try}: somebody who holds asks again whether the room is free."""

    @signed_by_carrier
    async def post(self, booking_id: str, try_number: str) -> None:
        await self.answer(
            lambda call_sid: self.services.admissions.hold(
                call_sid, booking_id=int(booking_id), try_number=int(try_number)
            )
        )


class Wait(VoiceHandler):
    """/phone/wait/{booking}/{person}: what somebody hears who is alone in the room.

    Without an answer there would be no conference, so what is not known is left out.
    """

    @signed_by_carrier
    async def post(self, booking_id: str, person_id: str) -> None:
        try:
            waiting = await self.services.admissions.waiting(int(booking_id), int(person_id))
        except Refusal:
            waiting = Waiting()
        self._say(waiting, int(booking_id), int(person_id))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if self.authentic and isinstance(kwargs.get("exc_info", (None, None))[1], Unavailable):
            self.set_status(200)
            booking_id, person_id = self.path_args
            self._say(Waiting(), int(booking_id), int(person_id))
        else:
            super().write_error(status_code, **kwargs)

    def _say(self, waiting: Waiting, booking_id: int, person_id: int) -> None:
        self.reply_twiml(
            conversation.wait(waiting, booking_id=booking_id, person_id=person_id, base_url=self.base_url)
        )
