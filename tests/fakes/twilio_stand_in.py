"""A stand-in for Twilio on a real socket: enough of its REST API for the official library, and signed webhooks.

    async with TwilioStandIn() as twilio:
        carrier = TwilioCarrier(account_id=twilio.account_id, auth_tokens=[twilio.auth_token], …, api_base=twilio.url)
        twilio.faults.append(Fault.COMMIT_THEN_DROP)          # for the next request
        call = twilio.new_call("+12025550111", "+12025550100")
        answer = await twilio.ring(f"{service}/phone/voice", call)
        await twilio.conference_event(url, conference, "participant-join", call, label="…")

Every request is kept in `requests`, every stored thing in `messages`, `calls` and `conferences` as Twilio shows it.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urldefrag

import httpx
import tornado.web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from twilio.request_validator import RequestValidator

from tests.fakes import twilio_resources as resources
from tests.fakes.twilio_resources import Fault, Seen, rfc2822

__all__ = ["Fault", "Seen", "TwilioStandIn", "new_sid", "rfc2822"]


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class TwilioStandIn:
    account_id: str = field(default_factory=lambda: new_sid("AC"))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    delay_s: float = 0.5
    refused_numbers: dict[str, int] = field(
        default_factory=lambda: {"+15005550001": 21211, "+15005550009": 21614}
    )

    def __post_init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.requests: list[Seen] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.conferences: dict[str, dict[str, Any]] = {}
        self.participants: dict[str, dict[str, dict[str, Any]]] = {}
        self.url = ""
        self.now = lambda: datetime.now(UTC).replace(microsecond=0)
        self._server: HTTPServer | None = None
        self._client = httpx.AsyncClient(trust_env=False, timeout=20)

    async def __aenter__(self) -> TwilioStandIn:
        account = r"/2010-04-01/Accounts/([^/]+)"
        options = {"stand_in": self}
        application = tornado.web.Application(
            [
                (account + r"/Messages\.json", resources.Messages, options),
                (account + r"/Messages/([^/]+)\.json", resources.Message, options),
                (account + r"/Calls\.json", resources.Calls, options),
                (account + r"/Calls/([^/]+)\.json", resources.Call, options),
                (account + r"/Conferences\.json", resources.Conferences, options),
                (account + r"/Conferences/([^/]+)\.json", resources.Conference, options),
                (account + r"/Conferences/([^/]+)/Participants\.json", resources.Participants, options),
                (
                    account + r"/Conferences/([^/]+)/Participants/([^/]+)\.json",
                    resources.Participant,
                    options,
                ),
            ],
            default_handler_class=resources.Nowhere,
            default_handler_args=options,
        )
        socket, port = bind_unused_port(address="127.0.0.1")
        self._server = HTTPServer(application)
        self._server.add_socket(socket)
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()

    # What Twilio keeps.

    def new_message(self, to: str, from_number: str, body: str, **more: Any) -> dict[str, Any]:
        now = rfc2822(self.now())
        message = {
            "sid": new_sid("SM"),
            "account_sid": self.account_id,
            "to": to,
            "from": from_number,
            "body": body,
            "status": "queued",
            "direction": "outbound-api",
            "date_created": now,
            "date_updated": now,
            "date_sent": None,
            "error_code": None,
            "error_message": None,
            "num_segments": "1",
            "num_media": "0",
            **more,
        }
        self.messages[message["sid"]] = message
        return message

    def new_call(self, from_number: str, to_number: str, **more: Any) -> dict[str, Any]:
        call = {
            "sid": new_sid("CA"),
            "account_sid": self.account_id,
            "from": from_number,
            "to": to_number,
            "status": "in-progress",
            "direction": "inbound",
            "start_time": rfc2822(self.now()),
            "end_time": None,
            "duration": None,
            **more,
        }
        self.calls[call["sid"]] = call
        return call

    def new_conference(self, room: str, **more: Any) -> dict[str, Any]:
        now = rfc2822(self.now())
        conference = {
            "sid": new_sid("CF"),
            "account_sid": self.account_id,
            "friendly_name": room,
            "status": "in-progress",
            "date_created": now,
            "date_updated": now,
            "reason_conference_ended": None,
            "call_sid_ending_conference": None,
            **more,
        }
        self.conferences[conference["sid"]] = conference
        self.participants[conference["sid"]] = {}
        return conference

    def new_participant(self, conference: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
        participant = {
            "account_sid": self.account_id,
            "call_sid": call["sid"],
            "conference_sid": conference["sid"],
            "status": "connected",
            "muted": False,
        }
        self.participants[conference["sid"]][call["sid"]] = participant
        return participant

    # What Twilio posts to us.

    def sign(self, url: str, params: dict[str, str]) -> str:
        return RequestValidator(self.auth_token).compute_signature(url, params)

    async def webhook(
        self, url: str, params: dict[str, str], *, signature: str | None = None, send_to: str | None = None
    ) -> httpx.Response:
        """Post `params`, signed for `url` unless another signature is given, to `send_to` or to `url` itself."""
        url = urldefrag(url).url
        headers = {
            "X-Twilio-Signature": self.sign(url, params) if signature is None else signature,
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        return await self._client.post(send_to or url, data=params, headers=headers)

    def call_params(self, call: dict[str, Any], status: str = "in-progress") -> dict[str, str]:
        """The parameters that every request of a call carries."""
        return {
            "CallSid": call["sid"],
            "AccountSid": self.account_id,
            "From": call["from"],
            "Caller": call["from"],
            "To": call["to"],
            "Called": call["to"],
            "CallStatus": status,
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
        }

    async def ring(self, url: str, call: dict[str, Any], **more: str) -> httpx.Response:
        return await self.webhook(url, {**self.call_params(call, "ringing"), **more})

    async def gathered(self, url: str, call: dict[str, Any], digits: str) -> httpx.Response:
        params = {"Digits": digits, "FinishedOnKey": "#", "msg": "Gather End"}
        return await self.webhook(url, {**self.call_params(call), **params})

    def conference_params(
        self,
        conference: dict[str, Any],
        event: str,
        call: dict[str, Any] | None = None,
        *,
        sequence_number: int,
        at: datetime | None = None,
        **more: str,
    ) -> dict[str, str]:
        """The parameters of one conference event; those of participants need `call`."""
        params = {
            "ConferenceSid": conference["sid"],
            "FriendlyName": conference["friendly_name"],
            "AccountSid": self.account_id,
            "SequenceNumber": str(sequence_number),
            "Timestamp": rfc2822(at or self.now()),
            "StatusCallbackEvent": event,
        }
        if call is not None and event.startswith("participant-"):
            flags = dict.fromkeys(("Muted", "Hold", "Coaching", "EndConferenceOnExit"), "false")
            params |= {"CallSid": call["sid"], "StartConferenceOnEnter": "true", **flags}
        if event == "participant-leave":
            params |= {"ReasonParticipantLeft": "participant_hung_up", "ParticipantCallStatus": "completed"}
        if event == "conference-end":
            params["ReasonConferenceEnded"] = "last-participant-left"
        return {**params, **more}

    async def conference_event(
        self,
        url: str,
        conference: dict[str, Any],
        event: str,
        call: dict[str, Any] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Post one conference event; `more` as for `conference_params`."""
        return await self.webhook(url, self.conference_params(conference, event, call, **more))

    async def message_status(
        self, url: str, message: dict[str, Any], status: str, **more: str
    ) -> httpx.Response:
        message["status"] = status
        params = {
            "AccountSid": self.account_id,
            "From": message["from"],
            "To": message["to"],
            "MessageSid": message["sid"],
            "SmsSid": message["sid"],
            "MessageStatus": status,
            "SmsStatus": status,
            "ApiVersion": "2010-04-01",
        }
        return await self.webhook(url, {**params, **more})

    async def incoming_text(
        self, url: str, from_number: str, to: str, body: str, **more: str
    ) -> httpx.Response:
        sid = new_sid("SM")
        params = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_id,
            "From": from_number,
            "To": to,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        return await self.webhook(url, {**params, **more})
