"""Carries webhooks to the endpoints of those who build on the service, and to no address of our own network.

A name is resolved once for each try, every address it has is judged, and the connection goes to the very address that
was judged; redirects are not followed, proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from thserver.domain.webhooks import ANSWER_KEPT, Answer
from thserver.gateways.certificates import public_certificates
from thserver.gateways.lazily import lazily
from thserver.gateways.webhook_addresses import is_loopback, is_public

if TYPE_CHECKING:
    import httpx
else:
    # A fifth of the time of a start.
    httpx = lazily("httpx")

log = logging.getLogger("thserver.webhooks")

TIMEOUT_S = 10.0
LOOK_UP_TIMEOUT_S = 3.0
# A success is a success, however slowly the rest of the answer drips in.
REST_TIMEOUT_S = 2.0
MOST_READ = 4 * ANSWER_KEPT
MOST_ADDRESSES = 3
LONGEST_URL = 2000

Resolver = Callable[[str, int], Awaitable[list[str]]]


class Refused(Exception):
    """Nothing may be sent there; `code` says why, as a code of Invalid."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


async def look_up(host: str, port: int) -> list[str]:
    """The host's addresses as the system knows them. Raises OSError or UnicodeError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class HttpWebhookSender:
    """`allow_loopback` is for development: this machine may be called, over plain HTTP too."""

    def __init__(
        self,
        *,
        allow_loopback: bool,
        timeout_s: float = TIMEOUT_S,
        resolver: Resolver = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._timeout_s = timeout_s
        self._resolver = resolver
        self._tls = tls
        self._client: httpx.AsyncClient | None = None

    async def problem_with(self, url: str) -> str | None:
        try:
            await self._addresses(self._parsed(url))
        except Refused as refused:
            return refused.code
        return None

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        client = await self._http()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._post(client, url, headers, body)
            answer = await _read(response)
        except Refused as refused:
            answer = Answer(status=None, error=refused.code)
        except (TimeoutError, httpx.TimeoutException):
            answer = Answer(status=None, error="timeout")
        except httpx.ConnectError as error:
            answer = Answer(status=None, error="tls" if "SSL" in str(error) else "no_connection")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            log.debug("a webhook was not delivered: %r", error)
            answer = Answer(status=None, error="no_http")
        return Answer(
            status=answer.status,
            error=answer.error,
            body=answer.body,
            took_ms=int((time.monotonic() - began) * 1000),
            retry_after_s=answer.retry_after_s,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _parsed(self, url: str) -> httpx.URL:
        """Raises Refused for what is no URL of ours to call, whatever it resolves to."""
        if len(url) > LONGEST_URL or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
            raise Refused("not_a_url")
        try:
            parts = urlsplit(url)
            parsed = httpx.URL(url)
            # Spelled out for people; the library finds only then that a name cannot be.
            host, port = parsed.host, parts.port
        except (ValueError, httpx.InvalidURL) as error:
            raise Refused("not_a_url") from error
        if not host or parts.username is not None or parts.password is not None or port == 0:
            raise Refused("not_a_url")
        if parsed.scheme != "https" and not (self._allow_loopback and parsed.scheme == "http"):
            raise Refused("not_https")
        return parsed

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """The addresses behind this URL. Raises Refused when there is none, or one that may not be called."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                found = await self._resolver(url.raw_host.decode("ascii").strip("[]"), port)
        except (OSError, UnicodeError, ValueError) as error:
            raise Refused("unknown_host") from error
        if not found:
            raise Refused("unknown_host")
        for address in found:
            here = self._allow_loopback and is_loopback(address)
            if not (here or (url.scheme == "https" and is_public(address))):
                raise Refused("not_public")
        return found[:MOST_ADDRESSES]

    async def _post(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """The answer as far as its headers."""
        parsed = self._parsed(url)
        addresses = await self._addresses(parsed)
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            request = client.build_request(
                "POST",
                parsed.copy_with(host=address),
                headers={
                    **headers,
                    "Host": parsed.netloc.decode("ascii"),
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                },
                content=body,
                # The certificate is checked for the name, not for the address.
                extensions={"sni_hostname": parsed.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing has been sent, so the host's next address may be tried.
                if not left:
                    raise
        raise Refused("unknown_host")

    async def _http(self) -> httpx.AsyncClient:
        if self._tls is None:
            self._tls = await public_certificates()
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(self._timeout_s, connect=self._timeout_s / 2),
                # A connection is made for one host name at one address, and kept for nobody else.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                follow_redirects=False,
                trust_env=False,
                verify=self._tls,
            )
        return self._client


async def _read(response: httpx.Response) -> Answer:
    try:
        return Answer(
            status=response.status_code,
            error=_error_of(response.status_code),
            body=await _beginning(response),
            retry_after_s=_seconds(response.headers.get("Retry-After")),
        )
    finally:
        with contextlib.suppress(httpx.HTTPError, OSError):
            await response.aclose()


async def _beginning(response: httpx.Response) -> str:
    """The first characters of the answer, fit to be kept and shown."""
    read = bytearray()
    with contextlib.suppress(TimeoutError, httpx.HTTPError, OSError):
        async with asyncio.timeout(REST_TIMEOUT_S):
            async for chunk in response.aiter_raw():
                read += chunk[:MOST_READ]
                if len(read) >= MOST_READ:
                    break
    text = codecs.decode(bytes(read[:MOST_READ]), "utf-8", "replace")
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)[:ANSWER_KEPT]


def _error_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else f"status_{status}"


def _seconds(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
