"""A plain HTTP client that checks on every answer what must always hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

from tests.clients.descriptions import check


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: HTTPHeaders
    raw: bytes


class Api:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Send a request; `body` goes as JSON, `raw` as it is. No answer of the service may be a 500, or
        anything else that its OpenAPI document does not describe."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = token
        payload = raw if raw is not None else orjson.dumps(body) if body is not None else None
        response = await AsyncHTTPClient().fetch(
            HTTPRequest(
                self.base_url + path,
                method=method,
                headers=sent,
                body=payload,
                allow_nonstandard_methods=True,
                follow_redirects=False,
                request_timeout=20,
            ),
            raise_error=False,
        )
        assert response.code != 500, f"{method} {path} answered 500: {response.body!r}"
        kind = response.headers.get("Content-Type", "")
        content = orjson.loads(response.body) if response.body and "json" in kind else None
        check(
            method,
            path,
            sent,
            status=response.code,
            kind=kind,
            body=content,
            raw=response.body,
        )
        return Answer(response.code, content, response.headers, response.body)
