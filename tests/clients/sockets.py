"""WebSocket clients for tests: a well-behaved one, and a raw one that can do whatever no client should."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import orjson
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE_S = 10
MESSAGE = [
    "id", "sender_id", "sender_name", "receiver_id", "receiver_name", "content", "is_read", "created_at",
]  # fmt: skip
NOTIFICATION = [
    "id", "user_id", "title", "content", "notification_type", "related_id", "is_read", "created_at",
]  # fmt: skip
EVENTS = {
    "message.receive": ("message", MESSAGE),
    "notification.receive": ("notification", NOTIFICATION),
}


def url_of(base_url: str, path: str, token: str | None = None, **query: object) -> str:
    """`/ws/` on this server, with the token in the query."""
    given = {**({"token": token} if token is not None else {}), **query}
    words = "&".join(f"{name}={value}" for name, value in given.items())
    return f"ws{base_url.removeprefix('http')}{path}" + (f"?{words}" if words else "")


class Socket:
    """One open socket; checks of every event that it is exactly as documented, and that numbers only grow."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.last = 0
        self.at_end = False

    async def read(self) -> dict[str, Any] | None:
        """The next frame; None when the socket is closed."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.connection.read_message()
        if frame is None:
            self.at_end = True
            return None
        body: dict[str, Any] = orjson.loads(frame)
        if body["type"] in EVENTS:
            name, keys = EVENTS[body["type"]]
            assert list(body) == ["type", name]
            assert list(body[name]) == keys
            assert body[name]["id"] > self.last, "an event came twice, or after a later one"
            self.last = body[name]["id"]
        return body

    async def event(self, kind: str) -> dict[str, Any]:
        """The content of the next event of this kind; others are passed over, errors are not."""
        while True:
            body = await self.read()
            assert body is not None, f"closed with {self.connection.close_code}"
            assert body["type"] != "error", body
            if body["type"] == kind:
                content: dict[str, Any] = body[EVENTS[kind][0]]
                return content

    async def message(self) -> dict[str, Any]:
        return await self.event("message.receive")

    async def notification(self) -> dict[str, Any]:
        return await self.event("notification.receive")

    async def error(self) -> dict[str, Any]:
        body = await self.read()
        assert body is not None, f"closed with {self.connection.close_code}"
        assert body["type"] == "error", body
        return body

    async def say(self, body: Any) -> None:
        await self.connection.write_message(orjson.dumps(body).decode())

    async def send(self, content: str, **more: Any) -> None:
        await self.say({"type": "message.send", "content": content, **more})

    async def closed(self) -> int | None:
        """Read on until it is closed; the code."""
        while await self.read() is not None:
            pass
        return self.connection.close_code


@contextlib.asynccontextmanager
async def opened(
    base_url: str,
    path: str = "/ws/",
    token: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    **query: object,
) -> AsyncIterator[Socket]:
    request = HTTPRequest(url_of(base_url, path, token, **query), headers=headers or {})
    connection = await websocket_connect(request)
    socket = Socket(connection)
    try:
        yield socket
    finally:
        connection.close()
        # The client receives nothing, the end included, before somebody has taken what came before.
        async with asyncio.timeout(PATIENCE_S):
            while not socket.at_end:
                socket.at_end = await connection.read_message() is None


class RawSocket:
    """A connection that has shaken hands and then does what the test wants, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, url: str, *, limit: int = 2**16) -> RawSocket:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=limit)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        return cls(reader, writer)

    def frame(self, opcode: int, payload: bytes, *, final: bool = True) -> None:
        length = len(payload)
        head = bytes([(0x80 if final else 0) | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += struct.pack("!BH", 0x80 | 126, length)
        else:
            head += struct.pack("!BQ", 0x80 | 127, length)
        # Masked with zeros.
        self.writer.write(head + bytes(4) + payload)

    async def read(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload. Raises IncompleteReadError or ConnectionError at the end."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """Read on until the other side says why it closes."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                opcode, payload = await self.read()
                if opcode == 0x8:
                    return int(struct.unpack("!H", payload[:2])[0])

    async def closed(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
