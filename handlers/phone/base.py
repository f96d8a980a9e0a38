"""The base of everything that the phone company posts to us: its signature first, on the parameters as received."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from handlers.base import Handler
from handlers.bodies import MULTIPART, Malformed
from handlers.phone.dialect import DIALECT, NotAuthentic
from handlers.phone.signature import is_hashed, is_signed
from thserver.metrics import WEBHOOKS_REJECTED

log = logging.getLogger("thserver.phone")

MAX_WEBHOOK = 64 * 1024
FORM = "application/x-www-form-urlencoded"


class PhoneHandler(Handler):
    """`posted` holds every value of every parameter, byte for byte as sent, once the signature is checked.

    Decisions rest only on the parameters that a handler asks for by name: the signature does not say where a name
    ends and its value begins.
    """

    dialect = DIALECT
    max_body: ClassVar[int] = MAX_WEBHOOK
    posted: dict[str, list[str]]

    def value(self, name: str) -> str:
        """The last value of this parameter; empty when it was not sent."""
        return self.posted.get(name, [""])[-1]

    async def check_signature(self) -> None:
        """Raises NotAuthentic, for whatever reason: nobody is told more than that."""
        if "Content-Encoding" in self.request.headers or self.media_type == MULTIPART:
            raise Malformed
        try:
            self._check()
        except NotAuthentic as rejection:
            self._reject(rejection.reason)
        except Exception as error:
            log.warning("a signature could not be checked: %s", type(error).__name__)
            self._reject("error")

    def _check(self) -> None:
        carrier = self.services.carrier
        # Never the Host header, nor any X-Forwarded one: those are the sender's word.
        url = self.application.settings["base_url"] + (self.request.uri or "")
        signature = self.request.headers.get("X-Twilio-Signature", "")
        if not signature:
            raise NotAuthentic("unsigned")
        posted: dict[str, list[str]] = {}
        if self.media_type == FORM:
            posted = self._form()
        elif not is_hashed(url, self.request.body):
            raise NotAuthentic("body_hash")
        else:
            _text(self.request.body)
        if not is_signed(url, posted, signature, tokens=carrier.auth_tokens):
            raise NotAuthentic("signature")
        if any(account != carrier.account_id for account in posted.get("AccountSid", ())):
            raise NotAuthentic("account")
        self.posted = posted

    def _form(self) -> dict[str, list[str]]:
        # Not get_body_argument: it strips and replaces characters, and the signature covers them.
        return {
            _text(name.encode("latin-1")): [_text(value) for value in values]
            for name, values in self.request.body_arguments.items()
        }

    def _reject(self, reason: str) -> None:
        WEBHOOKS_REJECTED.labels(reason).inc()
        log.warning("%s %s was not authentic: %s", self.request.method, self.request.path, reason)
        raise NotAuthentic(reason) from None

    def reply_twiml(self, document: str) -> None:
        self.set_header("Content-Type", "text/xml; charset=utf-8")
        self.finish(document)

    def reply(self, body: Any = None, *, status: int = 204) -> None:
        """An answer without a body: the phone company reads none."""
        self.set_status(status)
        self.clear_header("Content-Type")
        self.finish()


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise NotAuthentic("encoding") from None
