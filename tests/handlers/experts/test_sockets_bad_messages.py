"""What comes in over a socket of contract experts: what cannot be done is said, and whoever goes on with it is closed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from handlers.experts import sockets
from tests.clients.experts import ExpertsClient
from tests.clients.sockets import RawSocket, opened, url_of
from tests.fakes.clock import FakeClock
from tests.handlers.experts.socket_makers import none_left
from thserver.services.all import Services

# What comes in.


async def test_what_can_not_be_done_is_said_and_the_socket_stays_open(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        for body, said in (
            ({"type": "subscribe", "to": 7}, {"error": "Unknown type."}),
            ({}, {"error": "Unknown type."}),
            ({"type": ["message.send"]}, {"error": "Unknown type."}),
            (
                {"type": "message.send", "content": "x"},
                {"errors": {"receiver_id": ["This field is required."]}},
            ),
            (
                {"type": "message.send", "content": " ", "receiver_id": jane.id},
                {"errors": {"content": ["This field may not be blank."]}},
            ),
            (
                {"type": "message.send", "content": "x" * 2001, "receiver_id": jane.id},
                {"errors": {"content": ["Ensure this field has no more than 2000 characters."]}},
            ),
            (
                {"type": "message.send", "content": "x", "receiver_id": 999_999},
                {"errors": {"receiver_id": ["User with this ID does not exist."]}},
            ),
            (
                {"type": "message.send", "content": "x", "receiver_id": john.id},
                {"errors": {"receiver_id": ["You can not send a message to yourself."]}},
            ),
            (
                {"type": "message.send", "content": {"$gt": ""}, "receiver_id": [jane.id]},
                {
                    "errors": {
                        "receiver_id": ["A valid integer is required."],
                        "content": ["Not a valid string."],
                    }
                },
            ),
        ):
            await johns.say(body)
            assert await johns.error() == {"type": "error", **said}
        await johns.send("At last", receiver_id=jane.id)
        assert (await johns.message())["content"] == "At last"
    assert len((await john("GET", "/messages/")).body) == 1


async def test_the_notifications_socket_takes_no_messages(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/notifications/", john.token) as johns:
        await johns.send("Hello", receiver_id=jane.id)
        assert await johns.error() == {"type": "error", "error": "Unknown type."}


async def test_the_third_bad_message_in_a_row_is_the_last(base_url: str, john: ExpertsClient) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        for bad in ("{", "[1]", '{"type": "nothing"}', "NaN", '"x"'):
            await johns.connection.write_message(bad)
            await johns.error()
        await johns.connection.write_message('{"a": 1, "a": 2}')
        assert await johns.closed() == 1008


@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [
        (0x1, b"x" * (64 * 1024 + 1), 1009),
        (0x1, b"x" * (3 * 1024 * 1024), 1009),
        (0x2, b"\x00\x01", 1003),
        (0x1, b"\xff\xfe", 1007),
        (0x1, b"\xed\xa0\x80", 1007),
        (0x3, b"what is this?", 1002),
        (0x0, b"the rest of nothing", 1002),
        (0x9, b"x" * 126, 1002),
    ],
)
async def test_whoever_breaks_the_protocol_is_told_why_he_is_closed(
    base_url: str, app: Any, john: ExpertsClient, opcode: int, payload: bytes, code: int
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    raw.frame(opcode, payload)
    # Going on as if nothing had happened.
    for _ in range(20):
        raw.frame(0x1, b'{"type": "nothing"}')
    assert await raw.close_code() == code
    await raw.closed()
    await none_left(app)


async def test_a_message_of_64_kilobytes_is_taken_and_one_in_pieces_too(
    base_url: str, john: ExpertsClient
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    filler = b'{"type": "%s"}'
    raw.frame(0x1, filler % (b"x" * (64 * 1024 - len(filler) + 2)))
    assert orjson.loads((await raw.read())[1])["error"] == "Unknown type."
    raw.frame(0x1, b'{"type": ', final=False)
    raw.frame(0x9, b"between")
    raw.frame(0x0, b'"pieces"}')
    assert await raw.read() == (0xA, b"between")
    assert orjson.loads((await raw.read())[1])["error"] == "Unknown type."
    # A message that grows beyond its limit piece by piece.
    raw.frame(0x1, b"x" * 60_000, final=False)
    raw.frame(0x0, b"x" * 60_000)
    assert await raw.close_code() == 1009
    await raw.closed()


async def test_an_exception_inside_closes_with_1011_and_nobody_else_notices(
    base_url: str,
    john: ExpertsClient,
    jane: ExpertsClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = services.messages.send

    async def failing(sender: Any, receiver_id: int, content: str) -> Any:
        if content == "explode":
            raise RuntimeError("a bug")
        return await send(sender, receiver_id, content)

    monkeypatch.setattr(services.messages, "send", failing)
    async with opened(base_url, "/ws/", john.token) as johns, opened(base_url, "/ws/", jane.token) as janes:
        await johns.send("explode", receiver_id=jane.id)
        assert await johns.closed() == 1011
        await janes.send("Hello", receiver_id=john.id)
        assert (await janes.message())["content"] == "Hello"


async def test_a_hundred_messages_a_minute_are_enough(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST_REFUSED", 5)
    async with opened(base_url, "/ws/", john.token) as first, opened(base_url, "/ws/", john.token) as second:
        for each in (first, second):
            for _ in range(50):
                await each.say({"type": "nothing"})
                assert (await each.error())["error"] == "Unknown type."
        for _ in range(5):
            await first.say({"type": "nothing"})
            assert (await first.error())["error"] == "Too many requests. Try again later."
        await first.say({"type": "nothing"})
        assert await first.closed() == 1008
        clock.advance(seconds=61)
        await second.send("Hello", receiver_id=jane.id)
        assert (await second.message())["content"] == "Hello"
