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

import asyncio
import base64
import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urldefrag

import httpx
import tornado.web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from twilio.request_validator import RequestValidator


class Fault(StrEnum):
    """What goes wrong with one request."""

    COMMIT_THEN_DROP = "commit_then_drop"
    DROP = "drop"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    TOO_MANY = "too_many"
    DELAY = "delay"  # done, but the answer comes after `delay_s`
    GARBLED = "garbled"  # done, but the answer is not JSON


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; `query` and `form` hold every value of every name."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def rfc2822(moment: datetime) -> str:
    return format_datetime(moment)


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
                (account + r"/Messages\.json", _Messages, options),
                (account + r"/Messages/([^/]+)\.json", _Message, options),
                (account + r"/Calls/([^/]+)\.json", _Call, options),
                (account + r"/Conferences\.json", _Conferences, options),
                (account + r"/Conferences/([^/]+)\.json", _Conference, options),
                (account + r"/Conferences/([^/]+)/Participants\.json", _Participants, options),
                (account + r"/Conferences/([^/]+)/Participants/([^/]+)\.json", _Participant, options),
            ],
            default_handler_class=_Nowhere,
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


class _Resource(tornado.web.RequestHandler):
    """Checks who asks, keeps the request, and lets the next fault happen."""

    def initialize(self, stand_in: TwilioStandIn) -> None:
        self.stand_in = stand_in
        self.fault: Fault | None = None
        self.later: asyncio.TimerHandle | None = None

    def prepare(self) -> None:
        twilio = self.stand_in
        twilio.requests.append(
            Seen(
                self.request.method or "",
                self.request.path,
                {name: [value.decode() for value in values] for name, values in self._query()},
                {name: [v.decode() for v in values] for name, values in self.request.body_arguments.items()},
            )
        )
        expected = base64.b64encode(f"{twilio.account_id}:{twilio.auth_token}".encode()).decode()
        if self.request.headers.get("Authorization") != f"Basic {expected}":
            self.refuse(401, 20003, "Authenticate")
            return
        if self.path_args and self.path_args[0] != twilio.account_id:
            self.refuse(404, 20404, "The requested resource was not found")
            return
        if not twilio.faults:
            return
        self.fault = twilio.faults.popleft()
        if self.fault is Fault.DROP:
            self.drop()
        elif self.fault is Fault.ERROR_BEFORE:
            self.refuse(500, 20500, "Internal server error")
        elif self.fault is Fault.TOO_MANY:
            self.refuse(429, 20429, "Too many requests")

    def _query(self) -> Any:
        return self.request.query_arguments.items()

    def drop(self) -> None:
        self.detach().close()
        self._finished = True

    def refuse(self, status: int, code: int, message: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        more_info = f"https://www.twilio.com/docs/errors/{code}"
        self.finish(json.dumps({"code": code, "message": message, "more_info": more_info, "status": status}))

    def reply(self, resource: Any, status: int = 200) -> None:
        """Answer with what was done, unless the fault is that this answer goes wrong."""
        if self.fault is Fault.COMMIT_THEN_DROP:
            self.drop()
        elif self.fault is Fault.ERROR_AFTER:
            self.refuse(500, 20500, "Internal server error")
        elif self.fault is Fault.GARBLED:
            self.set_status(status)
            self.finish("<html>")
        elif self.fault is Fault.DELAY:
            self._auto_finish = False
            loop = asyncio.get_running_loop()
            self.later = loop.call_later(self.stand_in.delay_s, self.answer, resource, status)
        else:
            self.answer(resource, status)

    def answer(self, resource: Any, status: int) -> None:
        self.set_status(status)
        if status == 204:
            self.finish()
            return
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(resource))

    def on_connection_close(self) -> None:
        if self.later is not None:
            self.later.cancel()

    def not_found(self) -> None:
        self.refuse(404, 20404, f"The requested resource {self.request.path} was not found")

    def reply_page(self, name: str, found: list[dict[str, Any]]) -> None:
        """One page of a list, newest first."""
        size, page = int(self.get_query_argument("PageSize", "50")), int(self.get_query_argument("Page", "0"))
        newest_first = found[::-1]
        more = len(newest_first) > (page + 1) * size
        query = {key: values[0] for key, values in self.stand_in.requests[-1].query.items() if key != "Page"}
        next_uri = (
            str(httpx.URL(self.request.path, params={**query, "Page": str(page + 1)})) if more else None
        )
        self.reply(
            {
                name: newest_first[page * size : (page + 1) * size],
                "page": page,
                "page_size": size,
                "next_page_uri": next_uri,
                "uri": self.request.uri,
            }
        )


class _Nowhere(_Resource):
    def get(self) -> None:
        self.not_found()

    post = delete = get


class _Messages(_Resource):
    def get(self, account_sid: str) -> None:
        to, sender = self.get_query_argument("To", None), self.get_query_argument("From", None)
        found = [
            message
            for message in self.stand_in.messages.values()
            if to in (None, message["to"]) and sender in (None, message["from"])
        ]
        self.reply_page("messages", found)

    def post(self, account_sid: str) -> None:
        to = self.get_body_argument("To", "")
        body = self.get_body_argument("Body", "", strip=False)
        if code := self.stand_in.refused_numbers.get(to):
            self.refuse(400, code, f"The 'To' number {to} is refused")
            return
        if not body:
            self.refuse(400, 21602, "Message body is required")
            return
        sender = self.get_body_argument("From")
        callback = self.get_body_argument("StatusCallback", None)
        message = self.stand_in.new_message(to, sender, body, status_callback=callback)
        self.reply(message, 201)


class _Message(_Resource):
    def get(self, account_sid: str, sid: str) -> None:
        message = self.stand_in.messages.get(sid)
        self.not_found() if message is None else self.reply(message)


class _Call(_Resource):
    def get(self, account_sid: str, sid: str) -> None:
        call = self.stand_in.calls.get(sid)
        self.not_found() if call is None else self.reply(call)


class _Conferences(_Resource):
    def get(self, account_sid: str) -> None:
        room = self.get_query_argument("FriendlyName", None)
        found = [
            conference
            for conference in self.stand_in.conferences.values()
            if room in (None, conference["friendly_name"])
        ]
        self.reply_page("conferences", found)


class _Conference(_Resource):
    def get(self, account_sid: str, sid: str) -> None:
        conference = self.stand_in.conferences.get(sid)
        self.not_found() if conference is None else self.reply(conference)

    def post(self, account_sid: str, sid: str) -> None:
        conference = self.stand_in.conferences.get(sid)
        if conference is None:
            self.not_found()
            return
        if self.get_body_argument("Status", "") == "completed" and conference["status"] != "completed":
            conference["status"] = "completed"
            conference["reason_conference_ended"] = "conference-ended-via-api"
            conference["date_updated"] = rfc2822(self.stand_in.now())
            self.stand_in.participants[sid].clear()
        self.reply(conference)


class _Participants(_Resource):
    def get(self, account_sid: str, sid: str) -> None:
        if sid not in self.stand_in.conferences:
            self.not_found()
            return
        self.reply_page("participants", list(self.stand_in.participants[sid].values()))


class _Participant(_Resource):
    def get(self, account_sid: str, sid: str, call_sid: str) -> None:
        participant = self.stand_in.participants.get(sid, {}).get(call_sid)
        self.not_found() if participant is None else self.reply(participant)

    def delete(self, account_sid: str, sid: str, call_sid: str) -> None:
        if self.stand_in.participants.get(sid, {}).pop(call_sid, None) is None:
            self.not_found()
            return
        self.reply(None, 204)
