"""The REST resources of the stand-in for Twilio: who asks is checked, what is asked kept, faults happen."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpx
import tornado.web

if TYPE_CHECKING:
    from tests.fakes.twilio_stand_in import TwilioStandIn


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


def rfc2822(moment: datetime) -> str:
    return format_datetime(moment)


class Resource(tornado.web.RequestHandler):
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


class Nowhere(Resource):
    def get(self) -> None:
        self.not_found()

    post = delete = get


class Messages(Resource):
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


class Message(Resource):
    def get(self, account_sid: str, sid: str) -> None:
        message = self.stand_in.messages.get(sid)
        self.not_found() if message is None else self.reply(message)


class Calls(Resource):
    def post(self, account_sid: str) -> None:
        to = self.get_body_argument("To", "")
        if code := self.stand_in.refused_numbers.get(to):
            self.refuse(400, code, f"The 'To' number {to} is refused")
            return
        if not self.get_body_argument("Url", ""):
            self.refuse(400, 21205, "Url parameter is required")
            return
        call = self.stand_in.new_call(
            self.get_body_argument("From"), to, status="queued", direction="outbound-api", start_time=None
        )
        self.reply(call, 201)


class Call(Resource):
    def get(self, account_sid: str, sid: str) -> None:
        call = self.stand_in.calls.get(sid)
        self.not_found() if call is None else self.reply(call)


class Conferences(Resource):
    def get(self, account_sid: str) -> None:
        room = self.get_query_argument("FriendlyName", None)
        found = [
            conference
            for conference in self.stand_in.conferences.values()
            if room in (None, conference["friendly_name"])
        ]
        self.reply_page("conferences", found)


class Conference(Resource):
    def get(self, account_sid: str, sid: str) -> None:
        conference = self.stand_in.conferences.get(sid)
        self.not_found() if conference is None else self.reply(conference)

    def post(self, account_sid: str, sid: str) -> None:
        conference = self.stand_in.conferences.get(sid)
        if conference is None:
            self.not_found()
            return
        if self.get_body_argument("AnnounceUrl", "") and conference["status"] == "completed":
            self.refuse(400, 20001, "The conference is over")
            return
        if self.get_body_argument("Status", "") == "completed" and conference["status"] != "completed":
            conference["status"] = "completed"
            conference["reason_conference_ended"] = "conference-ended-via-api"
            conference["date_updated"] = rfc2822(self.stand_in.now())
            self.stand_in.participants[sid].clear()
        self.reply(conference)


class Participants(Resource):
    def get(self, account_sid: str, sid: str) -> None:
        if sid not in self.stand_in.conferences:
            self.not_found()
            return
        self.reply_page("participants", list(self.stand_in.participants[sid].values()))


class Participant(Resource):
    def get(self, account_sid: str, sid: str, call_sid: str) -> None:
        participant = self.stand_in.participants.get(sid, {}).get(call_sid)
        self.not_found() if participant is None else self.reply(participant)

    def post(self, account_sid: str, sid: str, call_sid: str) -> None:
        participant = self.stand_in.participants.get(sid, {}).get(call_sid)
        if participant is None:
            self.not_found()
            return
        participant["muted"] = self.get_body_argument("Muted", "false").lower() == "true"
        self.reply(participant)

    def delete(self, account_sid: str, sid: str, call_sid: str) -> None:
        if self.stand_in.participants.get(sid, {}).pop(call_sid, None) is None:
            self.not_found()
            return
        self.reply(None, 204)
