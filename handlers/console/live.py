"""/console/live: tells open pages what kind of thing has changed, so that they look again.

Frames are `{"type": "room" | "call" | "text" | "money" | "action", "booking_id": 12}` (the booking where there is one)
and `{"type": "resync"}` when something may have been missed. Nothing is taken from the page.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
from tornado.web import HTTPError

from handlers.access import DEADLINE_S, lasting
from handlers.console.base import ConsoleHandler
from handlers.web_socket import OUR_FAULT, POLICY, TRY_LATER, WebSocket, text_frame
from thserver.domain import codes
from thserver.domain.errors import NotSignedIn, Refusal, Unavailable
from thserver.domain.staff_actions import ConsoleChange

log = logging.getLogger("thserver.sockets")

NOT_SIGNED_IN = 4401
RESYNC = text_frame(orjson.dumps({"type": "resync"}))


class LiveSocket(WebSocket, ConsoleHandler):
    def initialize(self) -> None:
        self.token_hash: str | None = None
        self._refusal: Exception | None = None

    @lasting("console")
    async def get(self, *args: Any, **kwargs: Any) -> None:
        headers = self.request.headers
        if headers.get("Upgrade", "").lower() != "websocket":
            raise HTTPError(426)
        if not self.check_origin(headers.get("Origin")):
            raise HTTPError(403)
        # Before the handshake is answered: whatever is written from then on is told.
        self._refusal = await self._entered()
        try:
            await super().get(*args, **kwargs)
        finally:
            self.services.console_live.leave(self)

    def check_origin(self, origin: str | None) -> bool:
        """A browser always names it; what names none is no browser."""
        return origin is None or self.is_ours()

    async def _entered(self) -> Exception | None:
        """Why nobody may come in, as the page is to be told once the handshake is answered."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self.check_console()
                self.token_hash = codes.token_hash(self.token) if self.token is not None else None
                await self.services.console_live.join(self)
        except TimeoutError:
            return Unavailable()
        except Refusal as refusal:
            return refusal
        except Exception as error:
            log.exception("a socket of the console could not be opened")
            return error
        return None

    async def open(self, *args: str, **kwargs: str) -> None:
        # What the end of the process closes with "service restart".
        self.application.settings.setdefault("open_sockets", set()).add(self)
        self.limit_kernel_buffer()
        refusal, self._refusal = self._refusal, None
        if isinstance(refusal, NotSignedIn):
            self.close(NOT_SIGNED_IN, "sign in first")
        elif isinstance(refusal, Refusal):
            self.close(TRY_LATER, "try again later")
        elif refusal is not None:
            self.close(OUR_FAULT, "internal error")

    def on_close(self) -> None:
        self.application.settings.setdefault("open_sockets", set()).discard(self)
        self.services.console_live.leave(self)

    async def on_text(self, message: str) -> None:
        self.close(POLICY, "nothing is taken here")

    def tell(self, changes: list[ConsoleChange]) -> None:
        for change in changes:
            told: dict[str, Any] = {"type": change.type}
            if change.booking_id is not None:
                told["booking_id"] = change.booking_id
            self.send(text_frame(orjson.dumps(told)))

    def resync(self) -> None:
        self.send(RESYNC)

    def signed_out(self) -> None:
        self.close(NOT_SIGNED_IN, "signed out")
