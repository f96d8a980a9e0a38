"""A stand-in for Stripe on a real socket: enough of its REST API for the official library, with its idempotency,
its test cards, and faults.

    async with StripeStandIn() as stripe:
        payments = StripePayments(secret_key=stripe.secret_key, publishable_key="pk_test", api_base=stripe.url, …)
        stripe.faults.append(Fault.COMMIT_THEN_DROP)      # for the next POST
        …
        assert [intent["status"] for intent in stripe.intents()] == ["succeeded"]

Every request is kept in `requests`, every object as Stripe shows it in `objects`, by id.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.fakes.stripe_objects import Fault, StripeError, StripeObjects

API_VERSION = "2026-10-28.endive"
KEY_LIFE_S = 24 * 3600


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; `form` is its body or query, nested as its square brackets say."""

    method: str
    path: str
    form: dict[str, Any]
    key: str | None
    headers: dict[str, str]


def nested(pairs: dict[str, list[bytes]]) -> dict[str, Any]:
    """{"a[b][]": …} as {"a": {"b": [...]}}; every leaf is text."""
    tree: dict[str, Any] = {}
    for name, values in pairs.items():
        steps = re.findall(r"[^\[\]]+", name)
        leaf = tree
        for step in steps[:-1]:
            leaf = leaf.setdefault(step, {})
        leaf[steps[-1]] = values[-1].decode()
    return tree


class StripeStandIn(StripeObjects):
    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(now=now)
        self.secret_key = "sk_test_" + secrets.token_hex(12)
        self.delay_s = 5.0
        self.requests: list[Seen] = []
        self._keys: dict[str, tuple[str, int, dict[str, Any], float]] = {}

    async def __aenter__(self) -> StripeStandIn:
        socket, self.port = bind_unused_port()
        self.url = f"http://127.0.0.1:{self.port}"
        application = tornado.web.Application([(r"/v1/(.*)", _Api, {"company": self})], log_function=_quiet)
        self._server = HTTPServer(application)
        self._server.add_sockets([socket])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        await self._server.close_all_connections()

    def posts(self, path: str) -> list[Seen]:
        return [seen for seen in self.requests if seen.method == "POST" and seen.path == path]

    def forget_keys(self) -> None:
        """As Stripe does when they are a day old."""
        self._keys.clear()

    def answer(self, method: str, path: str, form: dict[str, Any], key: str | None) -> tuple[int, Any, bool]:
        """Status, body, and whether it is a repetition under the idempotency key."""
        fingerprint = json.dumps([path, form], sort_keys=True)
        earlier = self._keys.get(key) if key else None
        if earlier is not None and self.now() - earlier[3] < KEY_LIFE_S:
            if earlier[0] != fingerprint:
                message = "Keys for idempotent requests can only be used with the same parameters"
                return 400, StripeError(400, "idempotency_error", message).body, True
            return earlier[1], earlier[2], True
        try:
            status, body = 200, self.route(method, path, form)
        except StripeError as error:
            status, body = error.status, error.body
        is_executed = status < 400 or status == 402
        if method == "POST" and key and is_executed:
            self._keys[key] = (fingerprint, status, body, self.now())
        return status, body, False

    def keep_failure(self, path: str, form: dict[str, Any], key: str | None) -> tuple[int, Any]:
        """A 500 is the first result of its key, and so every later one's."""
        body = StripeError(500, "api_error", "An unknown error occurred").body
        if key:
            self._keys[key] = (json.dumps([path, form], sort_keys=True), 500, body, self.now())
        return 500, body


def _quiet(_: tornado.web.RequestHandler) -> None:
    """Errors are the point here, and no news."""


class _Api(tornado.web.RequestHandler):
    company: StripeStandIn

    def initialize(self, company: StripeStandIn) -> None:
        self.company = company

    async def get(self, path: str) -> None:
        await self._serve("GET", path, nested(self.request.query_arguments))

    async def post(self, path: str) -> None:
        await self._serve("POST", path, nested(self.request.body_arguments))

    async def _serve(self, method: str, path: str, form: dict[str, Any]) -> None:
        company, key = self.company, self.request.headers.get("Idempotency-Key")
        company.requests.append(Seen(method, path, form, key, dict(self.request.headers)))
        if self.request.headers.get("Authorization") != f"Bearer {company.secret_key}":
            error = StripeError(401, "invalid_request_error", "Invalid API Key provided")
            self._reply(error.status, error.body)
            return
        waits = method == "POST" and company.faults and company.faults[0] is not Fault.PROCESSING
        fault = company.faults.popleft() if waits else Fault.NONE
        match fault:
            case Fault.DROP:
                self._drop()
                return
            case Fault.ERROR_BEFORE:
                self._reply(*company.keep_failure(path, form, key))
                return
            case Fault.KEY_IN_USE:
                error = StripeError(409, "idempotency_error", "in use", code="idempotency_key_in_use")
                self._reply(error.status, error.body)
                return
            case Fault.TOO_MANY:
                error = StripeError(429, "invalid_request_error", "Too many requests", code="rate_limit")
                self._reply(error.status, error.body)
                return
        status, body, is_repeated = company.answer(method, path, form, key)
        match fault:
            case Fault.COMMIT_THEN_DROP:
                self._drop()
                return
            case Fault.ERROR_AFTER:
                self._reply(*company.keep_failure(path, form, key))
                return
            case Fault.GARBLED:
                self.finish("<html>502</html>")
                return
            case Fault.DELAY:
                await asyncio.sleep(company.delay_s)
        if is_repeated:
            self.set_header("Idempotent-Replayed", "true")
        self._reply(status, body)

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Request-Id", "req_" + secrets.token_hex(7))
        self.set_header("Stripe-Version", API_VERSION)
        self.finish(json.dumps(body))

    def _drop(self) -> None:
        self.detach().close()
