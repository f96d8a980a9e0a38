"""A browser without scripts: it keeps its cookie, and says with every change that a page of ours sent it."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.clients.http import Answer, Api


class Browser:
    def __init__(self, api: Api) -> None:
        self._api = api
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._send("GET", path, headers)

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        """A form, sent from a page of ours unless `headers` say otherwise."""
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        sent |= (
            {"Origin": self._api.base_url, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        )
        return await self._send("POST", path, sent, raw=urlencode(fields).encode())

    async def sign_in(self, name: str, password: str) -> Answer:
        return await self.post("/console/sign-in", by="password", name=name, password=password)

    async def _send(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Answer:
        if self.cookies:
            headers = {
                **headers,
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            }
        answer = await self._api(method, path, headers=headers, **more)
        for line in answer.headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return answer


def text_of(answer: Answer) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.raw.decode()).split())
