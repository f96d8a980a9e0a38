"""Tornado's HTTP server with two promises added: it ends without dropping a request, and believes only its proxies."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Collection
from typing import Any, cast

from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from thserver.logs import request_id


class DrainingServer(HTTPServer):
    """Knows which connections are in the middle of a request, so that `drain` can wait for exactly those.

    `X-Forwarded-For` counts only on connections that come from one of the trusted proxies.
    """

    def initialize(self, *args: Any, trusted_proxies: Collection[str] = (), **options: Any) -> None:
        options["trusted_downstream"] = list(trusted_proxies)
        super().initialize(*args, **options)
        self._trusted = frozenset(trusted_proxies)
        self._busy: set[object] = set()
        self._draining = False
        self._closing: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        # Called when the connection waits for its next request, so whatever came before has been answered.
        self._busy.discard(server_conn)
        if self._draining:
            self._close_soon(server_conn)
        peer = request_conn.context.remote_ip  # type: ignore[attr-defined]
        self.xheaders = peer in self._trusted
        return _Watched(super().start_request(server_conn, request_conn), server_conn, self._busy)

    def on_close(self, server_conn: object) -> None:
        self._busy.discard(server_conn)
        super().on_close(server_conn)
        if self._draining and not self._connections:
            self._empty.set()

    async def drain(self, seconds: float) -> int:
        """Accept nothing new and wait for requests in flight; the number that had to be cut off."""
        self.stop()
        self._draining = True
        for connection in self._connections - self._busy:
            self._close_soon(connection)
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
        cut_off = len(self._busy)
        await self.close_all_connections()
        return cut_off

    def _close_soon(self, server_conn: object) -> None:
        closing = asyncio.get_running_loop().create_task(cast(HTTP1ServerConnection, server_conn).close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


class _Watched(HTTPMessageDelegate):
    """Marks its connection busy from the moment that a request's headers are there."""

    def __init__(self, delegate: HTTPMessageDelegate, connection: object, busy: set[object]) -> None:
        self._delegate = delegate
        self._connection = connection
        self._busy = busy

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._busy.add(self._connection)
        # The handler's task inherits it, and so does everything that the handler starts.
        request_id.set(secrets.token_hex(8))
        # Tornado prefers this header to X-Forwarded-For, and proxies pass it through from anybody.
        headers.pop("X-Real-Ip", None)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
