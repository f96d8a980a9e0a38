"""Posting to the service as the phone company does: signed, with its retries, each line of callbacks in order."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag

from twilio.request_validator import RequestValidator

from thserver.gateways.certificates import public_certificates

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

HTTP_FAILURE = 11200
CONNECTION_FAILURE = 11205

Params = Mapping[str, str]


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


class WebhookFailed(Exception):
    """The service did not give a usable answer. `code` is the carrier's own error code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


@dataclass(frozen=True)
class Answer:
    content_type: str
    text: str


@dataclass(frozen=True)
class Posting:
    """A callback to be sent."""

    url: str
    params: Params
    method: str = "POST"


@dataclass
class Faults:
    """What goes wrong on purpose, for tests.

    Held callbacks wait until `SimulatedCarrier.release_callbacks` lets them go, in whatever order.
    """

    drop_callbacks: bool = False
    duplicate_callbacks: bool = False
    hold_callbacks: bool = False
    # What happens to the next texts, one each: `refuse` (429), `lost_answer` (sent, and we are not told),
    # `server_error` (not sent, and we are not told).
    texts: deque[str] = field(default_factory=deque)
    # Looking records up fails.
    records_unavailable: bool = False


@dataclass(frozen=True)
class Overrides:
    """Connection overrides in the fragment of a URL: how often and how long the service is tried."""

    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})
    connect_s: float = 5
    read_s: float = 15
    total_s: float = 15

    @classmethod
    def of(cls, fragment: str) -> Overrides:
        given = dict(parse_qsl(fragment))

        def number(key: str, low: int, high: int, default: int) -> int:
            text = given.get(key, "")
            return min(max(int(text), low), high) if text.isascii() and text.isdigit() else default

        return cls(
            retries=number("rc", 0, 5, 1),
            policy=frozenset(given.get("rp", "ct").split(",")),
            connect_s=number("ct", 100, 10_000, 5_000) / 1000,
            read_s=number("rt", 100, 15_000, 15_000) / 1000,
            total_s=number("tt", 100, 15_000, 15_000) / 1000,
        )

    def again_after(self, kind: str) -> bool:
        return kind in self.policy or "all" in self.policy


class Webhooks:
    """Sends one signed request and returns the answer, or raises WebhookFailed when there is none."""

    def __init__(self, *, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._client: httpx.AsyncClient | None = None
        # Everything that went wrong, as the carrier's console would list it.
        self.debugger: deque[dict[str, str | int]] = deque(maxlen=1000)

    async def send(self, url: str, params: Params, *, method: str = "POST") -> Answer:
        url, fragment = urldefrag(url)
        overrides = Overrides.of(fragment)
        try:
            async with asyncio.timeout(overrides.total_s):
                return await self._try(url, dict(params), method.upper(), overrides)
        except TimeoutError:
            raise self.failed(CONNECTION_FAILURE, "no answer in time", url) from None

    def failed(self, code: int, reason: str, url: str) -> WebhookFailed:
        """Keep the failure where people look for it, and return what to raise."""
        log.warning("simulated carrier: error %s: %s", code, reason)
        self.debugger.append({"code": code, "reason": reason, "url": url})
        return WebhookFailed(code, reason)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _try(self, url: str, params: dict[str, str], method: str, overrides: Overrides) -> Answer:
        # A fifth of the time of a start; most of them never post anything.
        import httpx

        if method == "GET":
            url, params = str(httpx.URL(url).copy_merge_params(params)), {}
        headers = {
            "X-Twilio-Signature": self._validator.compute_signature(url, params),
            "I-Twilio-Idempotency-Token": new_sid(""),
            "User-Agent": "TwilioProxy/1.1",
        }
        if self._client is None:
            verify = await public_certificates()
            self._client = self._client or httpx.AsyncClient(trust_env=False, verify=verify)
        timeout = httpx.Timeout(overrides.read_s, connect=overrides.connect_s)
        tries_left = 1 + overrides.retries
        while True:
            tries_left -= 1
            try:
                response = await self._client.request(
                    method, url, data=params or None, headers=headers, timeout=timeout
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as trouble:
                kind, code, reason = "ct", CONNECTION_FAILURE, type(trouble).__name__
            except httpx.HTTPError as trouble:
                kind, code, reason = "rt", HTTP_FAILURE, type(trouble).__name__
            else:
                if response.is_success:
                    return Answer(response.headers.get("Content-Type", ""), response.text)
                kind, code = f"{response.status_code // 100}xx", HTTP_FAILURE
                reason = f"HTTP {response.status_code}"
            if not tries_left or not overrides.again_after(kind):
                raise self.failed(code, reason, url)


class Callbacks:
    """Callbacks that nobody waits for. Those of one line (a conference, a text) go out one after the other."""

    def __init__(self, webhooks: Webhooks, faults: Faults) -> None:
        self._webhooks = webhooks
        self._faults = faults
        self._waiting: defaultdict[str, deque[Posting]] = defaultdict(deque)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._held: list[Posting] = []

    def post(self, line: str, posting: Posting) -> None:
        if self._faults.drop_callbacks:
            return
        for _ in range(2 if self._faults.duplicate_callbacks else 1):
            if self._faults.hold_callbacks:
                self._held.append(posting)
            else:
                self._enqueue(line, posting)

    def release(self, order: Callable[[list[Posting]], list[Posting]]) -> None:
        held, self._held = self._held, []
        for posting in order(held):
            self._enqueue("released", posting)

    async def settled(self) -> None:
        """Returns when everything posted so far has been delivered or given up."""
        while self._workers:
            await asyncio.wait(list(self._workers.values()))

    async def close(self, *, grace_s: float = 2) -> None:
        workers = list(self._workers.values())
        if workers:
            await asyncio.wait(workers, timeout=grace_s)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _enqueue(self, line: str, posting: Posting) -> None:
        self._waiting[line].append(posting)
        if line not in self._workers:
            self._workers[line] = asyncio.create_task(self._deliver(line))

    async def _deliver(self, line: str) -> None:
        try:
            while self._waiting[line]:
                posting = self._waiting[line].popleft()
                try:
                    await self._webhooks.send(posting.url, posting.params, method=posting.method)
                except WebhookFailed:
                    continue
        finally:
            del self._waiting[line], self._workers[line]


def shuffled(postings: list[Posting]) -> list[Posting]:
    return random.sample(postings, len(postings))
