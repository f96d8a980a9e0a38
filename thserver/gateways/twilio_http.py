"""Twilio's own HTTP client with a deadline, a replaceable host, and tokens that may be rotated."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response


class TwilioHttpClient(AsyncTwilioHttpClient):
    """Twilio's client with a deadline, a replaceable host, and several tokens while one is being rotated.

    The library's own would log every query, phone numbers included, and cannot tell a slow connect
    from a slow answer.
    """

    def __init__(
        self, *, account_id: str, auth_tokens: Sequence[str], api_base: str, timeout_s: float
    ) -> None:
        super().__init__(pool_connections=False, timeout=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._authorizations = [
            "Basic " + base64.b64encode(f"{account_id}:{token}".encode()).decode() for token in auth_tokens
        ]
        self._base = urlsplit(api_base) if api_base else None
        self._limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=timeout_s / 2, sock_read=timeout_s)

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        allow_redirects: bool = False,
    ) -> Response:
        if self._session is None:
            # Short keep-alive: a connection that the other side has closed meanwhile would make a
            # text's outcome unknown.
            self._session = aiohttp.ClientSession(
                timeout=self._limits, connector=aiohttp.TCPConnector(keepalive_timeout=4)
            )
        response = Response(0, "")
        for place, authorization in enumerate(self._authorizations):
            async with self._session.request(
                method.upper(),
                self._placed(url),
                params=cast(Any, params),
                data=data,
                headers={**(headers or {}), "Authorization": authorization},
                allow_redirects=allow_redirects,
            ) as answer:
                response = Response(answer.status, await answer.text(errors="replace"), answer.headers)
            if response.status_code != 401:
                # The token that works goes first from now on.
                self._authorizations.insert(0, self._authorizations.pop(place))
                break
        return response

    def _placed(self, url: str) -> str:
        if self._base is None:
            return url
        parts = urlsplit(url)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
