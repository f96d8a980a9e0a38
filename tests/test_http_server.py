"""The server on a real socket: nothing in flight is dropped at the end, and only trusted proxies are believed."""

from __future__ import annotations

import asyncio

import pytest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from thserver.http_server import DrainingServer
from thserver.logs import request_id


class Slow(RequestHandler):
    """Answers when the test says so."""

    started = asyncio.Event()
    may_end = asyncio.Event()

    def initialize(self) -> None:
        self.set_header("Content-Type", "text/plain")

    async def get(self) -> None:
        self.started.set()
        await self.may_end.wait()
        self.finish("done")


class Who(RequestHandler):
    def get(self) -> None:
        self.finish(f"{self.request.remote_ip} {self.request.protocol}")


class RequestId(RequestHandler):
    async def get(self) -> None:
        before = request_id.get()
        await asyncio.sleep(0)
        assert request_id.get() == before
        self.finish(before)


class Socket(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


@pytest.fixture(autouse=True)
def _fresh_events() -> None:
    Slow.started, Slow.may_end = asyncio.Event(), asyncio.Event()


async def serving(*, trusted: tuple[str, ...] = ()) -> tuple[DrainingServer, int]:
    server = DrainingServer(
        Application([("/slow", Slow), ("/who", Who), ("/socket", Socket), ("/id", RequestId)]),
        trusted_proxies=trusted,
    )
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    return server, sockets[0].getsockname()[1]


async def ask(port: int, path: str, *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
    await writer.drain()
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
    return (await reader.readexactly(length)).decode()


async def who(port: int, *headers: str) -> str:
    reader, writer = await ask(port, "/who", *headers)
    said = await answer(reader)
    writer.close()
    return said


async def test_a_request_in_flight_is_answered_before_the_server_ends() -> None:
    server, port = await serving()
    reader, writer = await ask(port, "/slow")
    await Slow.started.wait()
    draining = asyncio.create_task(server.drain(10))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    Slow.may_end.set()
    assert await answer(reader) == "done"
    assert await draining == 0
    assert await reader.read() == b""
    writer.close()


async def test_idle_connections_are_closed_at_once() -> None:
    server, port = await serving()
    reader, writer = await ask(port, "/who")
    assert await answer(reader) == "127.0.0.1 http"
    assert await server.drain(10) == 0
    assert await reader.read() == b""
    writer.close()


async def test_a_request_that_does_not_end_is_cut_off_at_the_deadline() -> None:
    server, port = await serving()
    reader, writer = await ask(port, "/slow")
    await Slow.started.wait()
    assert await server.drain(0.05) == 1
    assert await reader.read() == b""
    writer.close()
    Slow.may_end.set()


async def test_a_server_without_connections_ends_at_once() -> None:
    server, _ = await serving()
    assert await server.drain(10) == 0


async def test_every_request_has_an_id_of_its_own_for_the_log() -> None:
    server, port = await serving()
    reader, writer = await ask(port, "/id")
    first = await answer(reader)
    writer.write(b"GET /id HTTP/1.1\r\nHost: localhost\r\n\r\n")
    second = await answer(reader)
    assert len({first, second, "-"}) == 3
    writer.close()
    await server.drain(10)


async def test_an_open_websocket_does_not_hold_up_the_end() -> None:
    server, port = await serving()
    line = await websocket_connect(f"ws://127.0.0.1:{port}/socket")
    await line.write_message("hello")
    assert await line.read_message() == "hello"
    assert await server.drain(10) == 0
    line.close()


FORWARDED = ("X-Forwarded-For: 203.0.113.7, 198.51.100.1", "X-Forwarded-Proto: https")


async def test_a_stranger_cannot_say_who_he_is() -> None:
    server, port = await serving(trusted=("10.0.0.1",))
    assert await who(port, *FORWARDED, "X-Real-Ip: 192.0.2.9") == "127.0.0.1 http"
    await server.drain(10)


async def test_a_trusted_proxy_is_believed_about_the_nearest_address_that_is_not_trusted() -> None:
    server, port = await serving(trusted=("127.0.0.1", "198.51.100.1"))
    assert await who(port, *FORWARDED) == "203.0.113.7 https"
    await server.drain(10)


async def test_a_header_that_proxies_pass_through_from_anybody_is_not_believed() -> None:
    server, port = await serving(trusted=("127.0.0.1",))
    assert await who(port, "X-Forwarded-For: 203.0.113.7", "X-Real-Ip: 192.0.2.9") == "203.0.113.7 http"
    await server.drain(10)


async def test_what_a_proxy_said_about_one_request_does_not_stick_to_the_next() -> None:
    server, port = await serving(trusted=("127.0.0.1",))
    reader, writer = await ask(port, "/who", "X-Forwarded-For: 203.0.113.7")
    assert await answer(reader) == "203.0.113.7 http"
    writer.write(b"GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await answer(reader) == "127.0.0.1 http"
    writer.close()
    await server.drain(10)
