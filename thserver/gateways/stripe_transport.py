"""How the Stripe library's requests travel: one pooled HTTPX client, and failures told apart by whether they left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import stripe

CONNECT_TIMEOUT_S = 3.0
BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class StripeTransport(stripe.HTTPClient):
    """The library's own HTTPX client hands text to a deprecated parameter and knows no limit for the whole."""

    name = "httpx"

    def __init__(self, *, timeout_s: float) -> None:
        super().__init__()
        self._whole_s = timeout_s + CONNECT_TIMEOUT_S
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with asyncio.timeout(self._whole_s):
                answer = await self._client.request(method, url, headers=dict(headers), content=post_data)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise stripe.APIConnectionError(type(error).__name__) from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._client.aclose()


def was_never_sent(error: stripe.APIConnectionError) -> bool:
    """Whether the request surely did not reach the card company."""
    return isinstance(error.__cause__, BEFORE_SENDING)
