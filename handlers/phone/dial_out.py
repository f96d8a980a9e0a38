"""What the phone company asks and tells about calls that we make to people who are missing in a room."""

from __future__ import annotations

from handlers.access import signed_by_carrier
from handlers.phone.base import PhoneHandler
from handlers.phone.voice import VoiceHandler
from twiml.steps.announcement import announcement


class Answered(VoiceHandler):
    """/phone/dial-out/{booking}/{person}/{number}: somebody has picked up."""

    @signed_by_carrier
    async def post(self, booking_id: str, person_id: str, number: str) -> None:
        call_sid = self.call_sid()
        if call_sid is None:
            self.apologise()
            return
        await self.say(
            await self.services.dial_outs.answered(
                call_sid,
                booking_id=int(booking_id),
                person_id=int(person_id),
                number=int(number),
                phone=self.value("To"),
            )
        )


class Pressed(VoiceHandler):
    """/phone/dial-out/{booking}/{person}/{number}/key/{try}: whether he will join."""

    @signed_by_carrier
    async def post(self, booking_id: str, person_id: str, number: str, try_number: str) -> None:
        call_sid = self.call_sid()
        if call_sid is None:
            self.apologise()
            return
        await self.say(
            await self.services.dial_outs.pressed(
                call_sid,
                booking_id=int(booking_id),
                person_id=int(person_id),
                number=int(number),
                try_number=int(try_number),
                digits=self.value("Digits"),
            )
        )


class Ended(PhoneHandler):
    """/phone/dial-out/{booking}/{person}/{number}/status: how the call ended."""

    @signed_by_carrier
    async def post(self, booking_id: str, person_id: str, number: str) -> None:
        await self.services.dial_outs.ended(
            booking_id=int(booking_id),
            person_id=int(person_id),
            number=int(number),
            status=self.value("CallStatus"),
        )
        self.reply()


class Announcement(PhoneHandler):
    """/phone/announcements/{action}/{token}: the sentence that staff want spoken."""

    @signed_by_carrier
    async def post(self, action_id: str, token: str) -> None:
        self.reply_twiml(announcement(await self.services.live_rooms.announcement(int(action_id), token)))
