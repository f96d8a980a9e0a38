"""Texts that people send us, and what becomes of ours."""

from __future__ import annotations

from handlers.access import signed_by_carrier
from handlers.phone.base import PhoneHandler
from thserver.services.texts import DeliveryReport, IncomingText
from twiml.steps.text_reply import text_reply


class TextReceived(PhoneHandler):
    """POST /phone/text: somebody texted the service's number."""

    @signed_by_carrier
    async def post(self) -> None:
        sentence = await self.services.texts.receive(
            IncomingText(
                sid=self.value("MessageSid") or self.value("SmsSid"),
                from_number=self.value("From"),
                body=self.value("Body"),
                opt_out_type=self.value("OptOutType"),
                media=self.value("NumMedia"),
                posted=self.posted,
            )
        )
        self.reply_twiml(text_reply(sentence))


class TextProgressed(PhoneHandler):
    """POST /phone/texts/<outbox ref>/status: how a text of ours is getting on."""

    @signed_by_carrier
    async def post(self, ref: str) -> None:
        await self.services.texts.record(
            DeliveryReport(
                ref=ref,
                sid=self.value("MessageSid") or self.value("SmsSid"),
                status=self.value("MessageStatus") or self.value("SmsStatus"),
                error_code=self.value("ErrorCode") or None,
                posted=self.posted,
            )
        )
        self.reply()
