"""A service that answers the phone company with prepared TwiML and keeps every request, checked for its signature."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from twilio.request_validator import RequestValidator

from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_records import Records

DIALLED = "+12025550100"
TEXTING = "+12025550199"


class FakeClock:
    def __init__(self) -> None:
        self._now = datetime(2025, 3, 1, 15, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> None:
        self._now += timedelta(**duration)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    params: dict[str, str]
    is_signed: bool
    idempotency_token: str


class ScriptedService:
    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FakeClock()
        self.account_id = "AC" + secrets.token_hex(16)
        self.auth_token = secrets.token_hex(16)
        self.requests: list[Request] = []
        self.answers: dict[str, tuple[str, str]] = {}
        self.failures: dict[str, tuple[int, int]] = {}
        self.delays: dict[str, float] = {}

    def says(self, path: str, document: str, *, content_type: str = "text/xml") -> None:
        self.answers[path] = (document, content_type)

    def fails(self, path: str, status: int, *, times: int = 1_000) -> None:
        self.failures[path] = (status, times)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def all(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def last(self, path: str) -> Request:
        return self.all(path)[-1]


class _Handler(tornado.web.RequestHandler):
    async def post(self) -> None:
        service: ScriptedService = self.application.settings["service"]
        request = self.request
        given = request.query_arguments if request.method == "GET" else request.body_arguments
        params = {name: values[0].decode() for name, values in given.items()}
        signed = {} if request.method == "GET" else params
        signature = request.headers.get("X-Twilio-Signature", "")
        service.requests.append(
            Request(
                method=request.method or "",
                path=request.path,
                params=params,
                is_signed=RequestValidator(service.auth_token).validate(
                    service.url + (request.uri or ""), signed, signature
                ),
                idempotency_token=request.headers.get("I-Twilio-Idempotency-Token", ""),
            )
        )
        await asyncio.sleep(service.delays.pop(request.path, 0))
        status, times = service.failures.get(request.path, (200, 0))
        if times:
            service.failures[request.path] = (status, times - 1)
            self.set_status(status)
        document, content_type = service.answers.get(request.path, ("", "text/xml"))
        self.set_header("Content-Type", content_type)
        self.finish(document)

    get = post


@asynccontextmanager
async def scripted(**settings: Any) -> AsyncIterator[ScriptedService]:
    socket, port = bind_unused_port(address="127.0.0.1")
    service = ScriptedService(f"http://127.0.0.1:{port}")
    server = HTTPServer(
        tornado.web.Application([(r"/.*", _Handler)], service=service, log_function=lambda handler: None)
    )
    server.add_socket(socket)
    try:
        yield service
    finally:
        server.stop()
        await server.close_all_connections()


def carrier_for(
    service: ScriptedService, *, records: Records | None = None, seconds_per_second: float = 100
) -> SimulatedCarrier:
    return SimulatedCarrier(
        records=records or Records(None),
        clock=service.clock,
        account_id=service.account_id,
        auth_token=service.auth_token,
        base_url=service.url,
        voice_url=service.url + "/voice",
        voice_fallback_url=service.url + "/fallback",
        text_url=service.url + "/text",
        text_number=TEXTING,
        conference_number=DIALLED,
        seconds_per_second=seconds_per_second,
    )


@asynccontextmanager
async def company(**more: Any) -> AsyncIterator[tuple[ScriptedService, SimulatedCarrier]]:
    async with scripted() as service:
        carrier = carrier_for(service, **more)
        try:
            yield service, carrier
        finally:
            await carrier.close()


def room(name: str = "grace", dial: str = "", **attributes: str) -> str:
    """TwiML that puts the caller into a conference."""
    given = {"statusCallback": "/events#rc=1&amp;rp=5xx,ct,rt", "statusCallbackEvent": "start end join leave"}
    given |= {"waitUrl": "", **attributes}
    words = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Response><Dial {dial}><Conference {words}>{name}</Conference></Dial></Response>"
