"""What the phone company does to us over HTTP: signed forms, and forms that somebody else signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from twilio.request_validator import RequestValidator

Pairs = Sequence[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"


class _Values(dict[str, list[str]]):
    def getall(self, name: str) -> list[str]:
        return self[name]


@dataclass(frozen=True)
class PhoneCompany:
    base_url: str
    account_id: str
    token: str

    def signature(self, url: str, pairs: Pairs) -> str:
        values = _Values()
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        return RequestValidator(self.token).compute_signature(url, values)

    async def post(
        self,
        path: str,
        params: dict[str, str] | Pairs,
        *,
        signed_url: str | None = None,
        signature: str | None = None,
        headers: dict[str, str] | None = None,
        with_account: bool = True,
    ) -> HTTPResponse:
        """Post a form; `signed_url` is what is signed instead of the public URL of this path."""
        pairs = list(params.items()) if isinstance(params, dict) else list(params)
        if with_account:
            pairs.append(("AccountSid", self.account_id))
        if signature is None:
            signature = self.signature(signed_url or self.base_url + path, pairs)
        given = {"X-Twilio-Signature": signature, "Content-Type": FORM, **(headers or {})}
        return await self.send(path, urlencode(pairs).encode(), given)

    async def send(
        self, path: str, body: bytes | None, headers: dict[str, str], *, method: str = "POST"
    ) -> HTTPResponse:
        """Send exactly this. No answer may be a 500."""
        answer = await AsyncHTTPClient().fetch(
            HTTPRequest(
                self.base_url + path,
                method=method,
                body=body,
                headers=headers,
                allow_nonstandard_methods=True,
                request_timeout=20,
            ),
            raise_error=False,
        )
        assert answer.code != 500
        return answer
