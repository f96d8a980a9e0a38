"""Readers of a socket of contract experts who do not read, or are gone without a word."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from handlers import web_socket
from tests.clients.experts import ExpertsClient
from tests.clients.sockets import RawSocket, opened, url_of
from tests.fakes.clock import FakeClock
from tests.handlers.experts.socket_makers import none_left, open_sockets
from thserver.domain.messages import Message
from thserver.services.live import Event


def message(sender: ExpertsClient, receiver: ExpertsClient, number: int, content: str) -> Event:
    """An event as the changes of the database bring it."""
    clock = FakeClock()
    item = Message(
        id=number, sender_id=sender.id, receiver_id=receiver.id, content=content, created=clock.now()
    )
    return Event(item, {sender.id: "John Doe", receiver.id: "Jane Smith"})


# Readers who do not read.


async def test_a_reader_that_never_reads_is_closed_with_1013_and_costs_the_others_nothing(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", jane.token) as janes:
        lazy = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
        await wait_until(lambda: len(open_sockets(app)) == 2)
        handler = next(each for each in open_sockets(app) if each.person_id == john.id)
        protocol = handler.ws_connection
        assert protocol is not None
        told = 0
        for number in range(1, 10_001):
            event = message(john, jane, number, "x" * 500)
            for each in open_sockets(app):
                each.hear(event)
            if number % 100 == 0:
                # The one who reads, reads; what waits for the other stays within its bounds.
                for _ in range(100):
                    await janes.message()
                    told += 1
                assert len(protocol._queue or ()) <= web_socket.MOST_EVENTS_WAITING
        assert told == 10_000
        assert not handler.is_open
        seen = []
        while (frame := await asyncio.wait_for(lazy.read(), 5))[0] == 0x1:
            seen.append(orjson.loads(frame[1])["message"]["id"])
        assert frame[0] == 0x8
        assert int.from_bytes(frame[1][:2], "big") == 1013
        # What he did get has no gap, so that he can come back with the last number.
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < 3_000
        await lazy.closed()


async def test_a_large_event_more_than_fits_closes_with_1013(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "MOST_BYTES_WAITING", 100_000)
    lazy = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
    await wait_until(lambda: len(open_sockets(app)) == 1)
    (handler,) = open_sockets(app)
    for number in range(1, 2_000):
        handler.hear(message(john, jane, number, "😀" * 2_000))
        if not handler.is_open:
            break
    assert number < 200
    await lazy.closed()


async def test_a_slow_reader_gets_everything_in_order(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient
) -> None:
    slow = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
    await wait_until(lambda: len(open_sockets(app)) == 1)
    (handler,) = open_sockets(app)
    number = 0
    for _ in range(10):
        # As many as surely wait, and then read them all.
        first = number
        while handler.ws_connection is not None and len(handler.ws_connection._queue or ()) < 200:
            number += 1
            handler.hear(message(john, jane, number, "x" * 1_000))
        for expected in range(first + 1, number + 1):
            opcode, payload = await asyncio.wait_for(slow.read(), 5)
            assert opcode == 0x1
            assert orjson.loads(payload)["message"]["id"] == expected
    assert handler.is_open
    await slow.closed()


@pytest.fixture
def impatient(app: Any) -> Iterator[None]:
    app.settings["websocket_ping_interval"] = app.settings["websocket_ping_timeout"] = 0.1
    yield
    del app.settings["websocket_ping_interval"], app.settings["websocket_ping_timeout"]


async def test_a_connection_that_answers_no_ping_is_given_up(
    base_url: str, app: Any, john: ExpertsClient, impatient: None
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    assert (await raw.read())[0] == 0x9
    assert await raw.close_code() == 1000
    await raw.closed()
    await none_left(app)
    assert app.settings["services"].live._listeners == {}


async def test_who_answers_pings_stays(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, impatient: None
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        reading = asyncio.ensure_future(johns.message())
        await asyncio.sleep(0.5)
        await jane("POST", "/messages/", {"receiver_id": john.id, "content": "Hello"}, expect=201)
        assert (await reading)["content"] == "Hello"


async def test_who_is_gone_without_a_word_is_forgotten(base_url: str, app: Any, john: ExpertsClient) -> None:
    for _ in range(3):
        raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
        sock: socket.socket = raw.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        raw.writer.transport.abort()
    await none_left(app)
    assert app.settings["services"].live._listeners == {}


async def wait_until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)
