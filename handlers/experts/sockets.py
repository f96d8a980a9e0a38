"""The WebSockets of contract experts: one conversation, notifications, and everything of one's own."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
from tornado.web import HTTPError

from handlers.access import DEADLINE_S, lasting, token_in
from handlers.bodies import FieldErrors, Malformed, strict_object
from handlers.experts import request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler
from handlers.web_socket import OUR_FAULT, POLICY, TRY_LATER, WebSocket, origin_of, text_frame
from thserver.domain import codes
from thserver.domain.errors import BadToken, Invalid, NotSignedIn, Refusal, Throttled, Unavailable
from thserver.domain.messages import Item, Message
from thserver.services.live import Event

log = logging.getLogger("thserver.sockets")

NOT_SIGNED_IN = 4401
NOT_FOUND = 4404
MOST_BAD_MESSAGES = 3
MOST_REFUSED = 100
# What may come in while a client is told what he has missed, and how much he is told at most.
MOST_PENDING = 256
PAGE = 100
MOST_MISSED = 2000
CATCH_UP_S = 60.0
# Nobody waits for an answer here as he does for that of a request: better late than refused.
PATIENCE_S = 30.0
# The code that a refused client is closed with; POLICY where there is no other.
CODES: tuple[tuple[type[Refusal], int], ...] = (
    (NotSignedIn, NOT_SIGNED_IN),
    (Invalid, NOT_FOUND),
    (Unavailable, TRY_LATER),
)
RESYNC = text_frame(orjson.dumps({"type": "resync"}))
SEND = "message.send"


def frame_of(event: Event) -> bytes:
    if event.frame is None:
        event.frame = text_frame(orjson.dumps(response_bodies.event(event.item, event.names)))
    return event.frame


class Everything(WebSocket, ExpertsHandler):
    """/ws/: one's own messages and notifications; takes `message.send` with a `receiver_id`.

    `?since=` is the number of the last message or notification that the client has seen: what came after it comes
    first. Frames of ours beside the documented ones: `{"type": "error", …}` with the contract's `error` or `errors`,
    and `{"type": "resync"}` when something may be missing.
    """

    carries_messages = True
    carries_notifications = True
    takes_messages = True

    def initialize(self) -> None:
        self.person_id = 0
        self.token_hash = ""
        self.other_id: int | None = None
        self._last = 0
        # What is heard while the client catches up; None once it is told at once.
        self._pending: list[Event] | None = []
        self._has_missed = False
        self._is_behind = False
        self._refusal: Exception | None = None
        self._bad_messages = 0
        self._refused = 0
        self._catching_up: asyncio.Task[None] | None = None

    @lasting("anyone")
    async def get(self, *args: Any, **kwargs: Any) -> None:
        headers = self.request.headers
        if headers.get("Upgrade", "").lower() != "websocket":
            raise HTTPError(426)
        origin = headers.get("Origin")
        if origin is not None and not self._is_allowed(origin):
            raise HTTPError(403)
        # Before the handshake is answered: whatever is written from then on is heard.
        self._refusal = await self._entered(*args)
        try:
            await super().get(*args, **kwargs)
        finally:
            self.services.live.leave(self)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 426:
            self.set_header("Upgrade", "websocket")
        super().write_error(status_code, **kwargs)

    def check_origin(self, origin: str) -> bool:
        return self._is_allowed(origin)

    def _is_allowed(self, origin: str) -> bool:
        own = {origin_of(f"{scheme}://{self.request.host}") for scheme in ("http", "https")}
        return bool(named := origin_of(origin)) and (
            named in own or named in self.application.settings.get("allowed_origins", ())
        )

    async def _entered(self, *args: str) -> Exception | None:
        """Why nobody may come in, as the client is to be told once the handshake is answered."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._enter(*args)
        except TimeoutError:
            return Unavailable()
        except Refusal as refusal:
            return refusal
        except Exception as error:
            log.exception("a socket could not be opened")
            return error
        return None

    async def _enter(self, other_id: str | None = None) -> None:
        token = self.get_query_argument("token", "") or token_in(self.request.headers)
        if not token:
            raise NotSignedIn
        self.person = await self.services.sign_in.who(token)
        self.person_id, self.token_hash = self.person.id, codes.token_hash(token)
        if other_id is not None:
            self.other_id = (await self.services.messages.partner(self.person, int(other_id))).id
        since = self.read_query(request_bodies.SocketQuery())["since"]
        await self.services.live.join(self)
        last = await self.services.live.last(self.person_id)
        # A number that has not been given yet would keep everything below it away.
        self._last = last if since is None else min(since, last)
        self._is_behind = self._last < last

    async def open(self, *args: str, **kwargs: str) -> None:
        # What the end of the process closes with "service restart".
        self.application.settings.setdefault("open_sockets", set()).add(self)
        self.limit_kernel_buffer()
        refusal, self._refusal = self._refusal, None
        if refusal is None:
            if self._is_behind:
                self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())
            else:
                self._go_live()
            return
        self.services.live.leave(self)
        if not isinstance(refusal, Refusal):
            self.close(OUR_FAULT, "internal error")
            return
        if isinstance(refusal, (Invalid, FieldErrors)):
            self._say(refusal)
        self._refuse(next((code for kind, code in CODES if isinstance(refusal, kind)), POLICY), refusal)

    def on_close(self) -> None:
        self.application.settings.setdefault("open_sockets", set()).discard(self)
        self.services.live.leave(self)
        if self._catching_up is not None:
            self._catching_up.cancel()

    # What comes out of the house.

    def hear(self, event: Event) -> None:
        if not self._carries(event.item):
            return
        if self._pending is None:
            self._show(event)
        elif len(self._pending) < MOST_PENDING:
            self._pending.append(event)
        else:
            # It is all in the database, where catching up goes on to look.
            self._pending.clear()
            self._has_missed = True

    def resync(self) -> None:
        self.send(RESYNC)

    def signed_out(self) -> None:
        self._refuse(NOT_SIGNED_IN, BadToken())

    def _carries(self, item: Item) -> bool:
        if isinstance(item, Message):
            return self.carries_messages and (
                self.other_id is None or item.is_between(self.person_id, self.other_id)
            )
        return self.carries_notifications

    def _show(self, event: Event) -> None:
        """Each once: whatever has a number below the last one has been shown."""
        if event.id > self._last:
            self._last = event.id
            self.send(frame_of(event))

    def _go_live(self) -> None:
        pending, self._pending = self._pending or [], None
        for event in pending:
            self._show(event)

    async def _catch_up(self) -> None:
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self._show_missed()
            self._go_live()
        except (Unavailable, TimeoutError):
            self._refuse(TRY_LATER, Unavailable())
        except Exception:
            log.exception("a socket could not catch up")
            self.close(OUR_FAULT, "internal error")
        finally:
            self._catching_up = None

    async def _show_missed(self) -> None:
        shown = 0
        while self.is_open:
            self._has_missed = False
            missed = await self.services.live.after(
                self.person_id,
                self._last,
                with_id=self.other_id,
                messages=self.carries_messages,
                notifications=self.carries_notifications,
                limit=PAGE,
            )
            for event in missed:
                self._show(event)
            if len(missed) < PAGE and not self._has_missed:
                return
            shown += len(missed)
            if shown >= MOST_MISSED:
                self._last = await self.services.live.last(self.person_id)
                self.resync()
                return
            await self.drained()

    # What comes in.

    async def on_text(self, message: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._do(message)
        except Malformed as refusal:
            self._bad_messages += 1
            if self._bad_messages >= MOST_BAD_MESSAGES:
                self._refuse(POLICY, refusal)
            else:
                self._say(refusal)
        except Throttled as refusal:
            self._refused += 1
            if self._refused > MOST_REFUSED:
                self._refuse(POLICY, refusal)
            else:
                self._say(refusal)
        except TimeoutError:
            self._say(Unavailable())
        except Refusal as refusal:
            self._say(refusal)
        except Exception:
            log.exception("a message over a socket failed")
            self.close(OUR_FAULT, "internal error")

    async def _do(self, message: str) -> None:
        self.services.live.count_message(self.person_id)
        self._refused = 0
        body = strict_object(message.encode())
        self._bad_messages = 0
        if body.get("type") != SEND or not self.takes_messages:
            self._tell({"error": "Unknown type."})
            return
        given = self.load(request_bodies.NewMessage(), self._addressed(body))
        await self.services.messages.send(self.me, given["receiver_id"], given["content"])

    def _addressed(self, body: dict[str, Any]) -> dict[str, Any]:
        return body if self.other_id is None else {**body, "receiver_id": self.other_id}

    def _say(self, refusal: Refusal) -> None:
        self._tell(self.dialect.refusal(refusal)[1])

    def _tell(self, body: dict[str, Any]) -> None:
        self.send(text_frame(orjson.dumps({"type": "error", **body})))

    def _refuse(self, code: int, refusal: Refusal) -> None:
        self.close(code, self.dialect.status_and_sentence(refusal)[1])


class Chat(Everything):
    """/ws/chat/{receiver_id}/: the conversation with that person only."""

    carries_notifications = False


class NotificationsOnly(Everything):
    """/ws/notifications/"""

    carries_messages = False
    takes_messages = False
