"""The base of this contract's handlers: every answer says what is left of the limit of requests."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

from handlers.base import Handler, UnknownPath
from handlers.experts.dialect import DIALECT
from thserver.services.request_limits import Allowance, TooMany

LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class ExpertsHandler(Handler):
    dialect = DIALECT
    allowance: Allowance | None = None

    @property
    def caller(self) -> str:
        """Whose requests are counted: the person's, or those of an address that nobody has signed in from."""
        return f"person {self.person.id}" if self.person is not None else f"address {self.address}"

    async def admitted(self) -> None:
        """Count this request. Raises TooMany beyond the limit of a minute."""
        try:
            self.allowance = self.services.request_limits.count(self.caller)
        except TooMany as refusal:
            self.allowance = refusal.allowance
            raise

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Access-Control-Expose-Headers", ", ".join((*LIMIT_HEADERS, "Retry-After")))

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        # The one place that every answer passes, after whatever has cleared the headers.
        left = self.allowance or self.services.request_limits.look(self.caller)
        values = (left.limit, left.remaining, math.ceil(left.reset.timestamp()))
        for name, value in zip(LIMIT_HEADERS, values, strict=True):
            self.set_header(name, str(value))
        if self.get_status() == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        return super().finish(chunk)


class SignInHandler(ExpertsHandler):
    """Base of registration and sign-in: counted by network address, together with those of all contracts."""

    async def admitted(self) -> None:
        sign_in = self.services.sign_in
        now = self.services.clock.now()
        next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = sign_in.limit_per_address
        # What is left should this one be refused.
        self.allowance = Allowance(limit, 0, next_minute)
        used = await sign_in.check_address(self.address)
        self.allowance = Allowance(limit, limit - used, next_minute)


class UnknownExpertsPath(ExpertsHandler, UnknownPath):
    """The 404 that ends this contract's prefixes."""
