"""Texts both ways: those of the service in a list that can be read, those of people posted to the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from thserver.domain import phone_numbers
from thserver.domain.ports import CarrierMessage, Clock, Outcome, Sent
from thserver.gateways.callback_overrides import CONNECTION_OVERRIDES
from thserver.gateways.simulated_carrier import documents
from thserver.gateways.simulated_carrier.documents import BadDocument, text_of
from thserver.gateways.simulated_carrier.webhooks import (
    Callbacks,
    Faults,
    Posting,
    WebhookFailed,
    Webhooks,
    new_sid,
)
from thserver.gateways.simulated_records import Records

KIND = "text"
OPTED_OUT = "opted_out"

# Numbers that fail as Twilio's test numbers do, and one that takes texts and never delivers them.
INVALID_NUMBER = "+15005550001"
INCAPABLE_NUMBER = "+15005550009"
UNREACHABLE_NUMBER = "+15005550030"
REFUSED = {INVALID_NUMBER: "21211", INCAPABLE_NUMBER: "21614"}
UNREACHABLE_CODE = "30003"

LONGEST_BODY = 1600
STOP_WORDS = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"))
START_WORDS = frozenset(("START", "YES", "UNSTOP"))
STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe."
STARTED = "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."

Text = dict[str, Any]


class Texts:
    """A text is a record: sid, direction, from, to, body, at (ISO time), status, error_code."""

    def __init__(
        self,
        *,
        account_id: str,
        number: str,
        base_url: str,
        text_url: str,
        records: Records,
        clock: Clock,
        webhooks: Webhooks,
        callbacks: Callbacks,
        faults: Faults,
    ) -> None:
        self._account_id = account_id
        self._number = number
        self._base_url = base_url
        self._text_url = text_url
        self._records = records
        self._clock = clock
        self._webhooks = webhooks
        self._callbacks = callbacks
        self._faults = faults

    def send(self, to: str, body: str, callback_url: str) -> Sent:
        """What the service sends; `callback_url` may be empty."""
        fault = self._faults.texts.popleft() if self._faults.texts else None
        if fault == "refuse":
            return Sent(Outcome.RETRY, reason="20429")
        if fault == "server_error":
            return Sent(Outcome.UNKNOWN, reason="20500")
        if reason := self._refusal(to, body):
            return Sent(Outcome.FAILED, reason=reason)
        text = self._keep("outbound-api", self._number, to, body)
        self._progress(text, callback_url)
        if fault == "lost_answer":
            return Sent(Outcome.UNKNOWN, reason="lost_answer")
        return Sent(Outcome.DONE, provider_id=text["sid"])

    def find(self, to: str, body: str, since: datetime) -> CarrierMessage | None:
        for text in reversed(self.to(to)):
            if text["body"] == body and datetime.fromisoformat(text["at"]) >= since:
                return CarrierMessage(
                    sid=text["sid"],
                    to=to,
                    body=body,
                    status=text["status"],
                    sent_at=datetime.fromisoformat(text["at"]),
                    error_code=text["error_code"],
                )
        return None

    def all(self) -> list[Text]:
        return self._records.all(KIND)

    def to(self, number: str) -> list[Text]:
        """Every text to that number, newest last."""
        return self._records.where(KIND, "to", number)

    def of(self, number: str) -> list[Text]:
        """Every text to or from that number, newest last."""
        texts = [*self.to(number), *self._records.where(KIND, "from", number)]
        return sorted(texts, key=lambda text: str(text["at"]))

    async def receive(self, number: str, body: str) -> list[Text]:
        """A person texts the service: it is told, and what it answers reaches the person's phone.

        Returns the answers: the carrier's own to STOP and START words, and the service's.
        """
        incoming = self._keep("inbound", number, self._number, body, status="received")
        word = body.strip().upper()
        answers = []
        if word in STOP_WORDS:
            self._records.put(OPTED_OUT, number, {"number": number, "since": incoming["at"]})
            answers.append(self._keep("outbound-reply", self._number, number, STOPPED))
        elif word in START_WORDS and self._has_opted_out(number):
            self._records.put(OPTED_OUT, number, {"number": number, "since": None})
            answers.append(self._keep("outbound-reply", self._number, number, STARTED))
        params = {
            "MessageSid": incoming["sid"],
            "SmsSid": incoming["sid"],
            "SmsMessageSid": incoming["sid"],
            "AccountSid": self._account_id,
            "From": number,
            "To": self._number,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": str(1 + len(body) // 160),
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
            **geography("From", number),
            **geography("To", self._number),
        }
        try:
            answer = await self._webhooks.send(self._text_url, params)
        except WebhookFailed:
            return answers
        if answer.content_type.startswith("text/plain") and answer.text.strip():
            message = Element("Message")
            message.text = answer.text
            messages = [message]
        elif not answer.text.strip():
            messages = []
        else:
            try:
                document = documents.read(self._text_url, answer)
            except BadDocument as failure:
                self._webhooks.failed(failure.code, str(failure), self._text_url)
                return answers
            messages = [verb for verb in document.verbs if verb.tag == "Message"]
        return answers + self._reply(messages, number)

    def _reply(self, messages: list[Element], number: str) -> list[Text]:
        answers = []
        for message in messages:
            to, part = message.get("to", number), message.find("Body")
            body = text_of(message if part is None else part)
            if reason := self._refusal(to, body):
                self._webhooks.failed(int(reason), "a reply was not sent", self._text_url)
                continue
            text = self._keep("outbound-reply", self._number, to, body)
            callback = message.get("statusCallback") or message.get("action")
            self._progress(text, urljoin(self._text_url, callback) if callback else "")
            answers.append(text)
        return answers

    def _refusal(self, to: str, body: str) -> str | None:
        if not body.strip():
            return "21602"
        if len(body) > LONGEST_BODY:
            return "21617"
        if to in REFUSED:
            return REFUSED[to]
        if phone_numbers.parse(to, region=None) != to:
            return "21211"
        return "21610" if self._has_opted_out(to) else None

    def _has_opted_out(self, number: str) -> bool:
        record = self._records.get(OPTED_OUT, number)
        return record is not None and record["since"] is not None

    def _keep(self, direction: str, sender: str, to: str, body: str, *, status: str = "queued") -> Text:
        text = {
            "sid": new_sid("SM"),
            "direction": direction,
            "from": sender,
            "to": to,
            "body": body,
            "at": self._clock.now().isoformat(),
            "status": status,
            "error_code": None,
        }
        if direction == "outbound-reply":
            text["status"] = "delivered"
        self._records.put(KIND, text["sid"] or "", text)
        return text

    def _progress(self, text: Text, callback_url: str) -> None:
        failed = text["to"] == UNREACHABLE_NUMBER
        final = "undelivered" if failed else "delivered"
        text.update(status=final, error_code=UNREACHABLE_CODE if failed else None)
        self._records.put(KIND, text["sid"], text)
        if not callback_url:
            return
        for status in ("sent", final):
            params = {
                "AccountSid": self._account_id,
                "ApiVersion": "2010-04-01",
                "From": text["from"],
                "To": text["to"],
                "MessageSid": text["sid"],
                "SmsSid": text["sid"],
                "MessageStatus": status,
                "SmsStatus": status,
            }
            if status == "undelivered":
                params["ErrorCode"] = UNREACHABLE_CODE
            self._callbacks.post(text["sid"], Posting(callback_url, params))

    def callback_url(self, callback_path: str) -> str:
        return f"{self._base_url}{callback_path}{CONNECTION_OVERRIDES}" if callback_path else ""


def geography(side: str, number: str) -> dict[str, str]:
    """What the carrier knows of where a number is: the country, and three names without a value."""
    country = phone_numbers.region_of(number) or ""
    return {f"{side}City": "", f"{side}State": "", f"{side}Zip": "", f"{side}Country": country}
