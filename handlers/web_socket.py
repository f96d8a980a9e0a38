"""A WebSocket that always says why it closes, and whose reader costs nobody else anything however slowly he reads.

Tornado tears a connection down without a word when a client breaks the protocol, and keeps whatever a client does
not read. Here every end has its code, and what waits to be sent is bounded.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketHandler, WebSocketProtocol13, _WebSocketParams

LONGEST_MESSAGE = 64 * 1024
MOST_EVENTS_WAITING = 256
MOST_BYTES_WAITING = 1024 * 1024
PING_EVERY_S = 30
PING_TIMEOUT_S = 25
# What the kernel may hold for one reader; the rest waits with us, where it is counted.
KERNEL_BUFFER = 32 * 1024
KERNEL_BUFFER_AT_THE_END = 256 * 1024
WRITTEN_TOGETHER = 64 * 1024
# How long a client who broke the protocol may go on sending until he has read why he is closed.
LINGER_S = 2.0
LINGER_BYTES = 4 * 1024 * 1024

PROTOCOL_ERROR = 1002
UNSUPPORTED = 1003
NOT_UTF8 = 1007
POLICY = 1008
TOO_BIG = 1009
OUR_FAULT = 1011
TRY_LATER = 1013

_TEXT, _BINARY = 0x1, 0x2


def text_frame(payload: bytes) -> bytes:
    """A text message as it goes over the wire, the same for every socket."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x81, 126, length) + payload
    return struct.pack("!BBQ", 0x81, 127, length) + payload


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL as browsers write an origin: in lower case, without the scheme's own port."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port
    except ValueError:
        return ""
    if not parts.scheme or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own = {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != own else "")


class CarefulProtocol(WebSocketProtocol13):
    """The protocol of one socket, with a bounded queue of what its client has not read yet."""

    def __init__(self, handler: Any, params: _WebSocketParams) -> None:
        super().__init__(handler, False, params)
        self._queue: deque[bytes] | None = None
        self._queued_bytes = 0
        self._is_writing = False
        self._drained: asyncio.Event | None = None
        self._closing_since: float | None = None
        self._lingering: asyncio.Task[None] | None = None

    def send(self, frame: bytes) -> None:
        """Send a frame after those that wait. One too many for the queue, and the socket is closed."""
        if self.is_closing():
            return
        if not self._is_writing:
            self._write(frame)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        if len(self._queue) > MOST_EVENTS_WAITING or self._queued_bytes > MOST_BYTES_WAITING:
            self.close(TRY_LATER, "read faster")

    async def drained(self) -> None:
        """Wait until nothing waits to be sent; at once when the socket is closing."""
        while self._is_writing and not self.is_closing():
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        if not self.server_terminated:
            self._closing_since = asyncio.get_running_loop().time()
            self._drop_queue()
        super().close(code, reason)

    def _write(self, data: bytes) -> None:
        try:
            written = self.stream.write(data)
        except StreamClosedError:
            return
        if not written.done():
            self._is_writing = True
            written.add_done_callback(self._written)

    def _written(self, written: asyncio.Future[None]) -> None:
        self._is_writing = False
        if written.cancelled() or written.exception() is not None:
            self._drop_queue()
        while self._queue and not self._is_writing and not self.is_closing():
            size, together = 0, []
            while self._queue and size < WRITTEN_TOGETHER:
                frame = self._queue.popleft()
                size += len(frame)
                together.append(frame)
            self._queued_bytes -= size
            self._write(b"".join(together))
        if not self._is_writing:
            self._queue = None
            if self._drained is not None:
                self._drained.set()
                self._drained = None

    def _drop_queue(self) -> None:
        """What has not begun to be sent is not sent any more, so that the frame that says why comes through."""
        if self._queue:
            self._queue = None
            self._queued_bytes = 0
            if isinstance(self.stream, IOStream) and self.stream.socket is not None:
                set_buffer(self.stream.socket, KERNEL_BUFFER_AT_THE_END)
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def _handle_message(self, opcode: int, data: bytes) -> Any:
        if opcode in (_TEXT, _BINARY) and self.server_terminated:
            # It is closed, only the client does not know it yet.
            return None
        if opcode == _TEXT:
            try:
                data.decode("utf-8")
            except UnicodeDecodeError:
                self.close(NOT_UTF8, "not UTF-8")
                return None
        return super()._handle_message(opcode, data)

    def _abort(self) -> None:
        if self._lingering is not None and not self._lingering.done():
            return
        loop = asyncio.get_running_loop()
        is_open = self.stream is not None and not self.stream.closed()
        waited = 0.0 if self._closing_since is None else loop.time() - self._closing_since
        if not is_open or self.client_terminated or waited > LINGER_S / 2:
            super()._abort()
            return
        # What the client has sent and nobody has read would make the kernel take our last words away from him.
        self.close(PROTOCOL_ERROR, "protocol error")
        self.client_terminated = True
        self._lingering = loop.create_task(self._linger())

    async def _linger(self) -> None:
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_S):
                while left > 0:
                    left -= len(await self.stream.read_bytes(WRITTEN_TOGETHER, partial=True))
        except (TimeoutError, StreamClosedError, AssertionError):
            pass
        finally:
            super()._abort()


def set_buffer(of: socket.socket, size: int) -> None:
    try:
        of.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
    except OSError:
        return  # It is closed already.


class WebSocket(WebSocketHandler):
    """Base of our sockets. Subclasses answer `on_text`."""

    ws_connection: CarefulProtocol | None

    @property
    def max_message_size(self) -> int:
        return LONGEST_MESSAGE

    @property
    def ping_interval(self) -> float:
        return float(self.settings.get("websocket_ping_interval", PING_EVERY_S))

    @property
    def ping_timeout(self) -> float:
        return float(self.settings.get("websocket_ping_timeout", PING_TIMEOUT_S))

    def get_websocket_protocol(self) -> CarefulProtocol | None:
        if self.request.headers.get("Sec-WebSocket-Version") != "13":
            return None
        return CarefulProtocol(
            self,
            _WebSocketParams(
                ping_interval=self.ping_interval,
                ping_timeout=self.ping_timeout,
                max_message_size=self.max_message_size,
                compression_options=None,
            ),
        )

    def limit_kernel_buffer(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection is not None else None
        if isinstance(stream, IOStream) and stream.socket is not None:
            set_buffer(stream.socket, KERNEL_BUFFER)

    @property
    def is_open(self) -> bool:
        return self.ws_connection is not None and not self.ws_connection.is_closing()

    def send(self, frame: bytes) -> None:
        if self.ws_connection is not None:
            self.ws_connection.send(frame)

    async def drained(self) -> None:
        if self.ws_connection is not None:
            await self.ws_connection.drained()

    async def on_message(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.close(UNSUPPORTED, "text only")
            return
        await self.on_text(message)

    async def on_text(self, message: str) -> None:
        raise NotImplementedError
