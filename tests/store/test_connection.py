"""The way to MongoDB: refused in one sentence that never holds the password."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import bson
import pytest

from store.connection import ConnectionProblem, check, connect, database_name

SECRET = "hush-hush"


async def problem_with(uri: str) -> str:
    client = connect(uri)
    try:
        with pytest.raises(ConnectionProblem) as caught:
            await check(client)
    finally:
        await client.close()
    assert SECRET not in str(caught.value)
    return str(caught.value)


@contextlib.asynccontextmanager
async def server_that_says(**answers: Any) -> AsyncIterator[int]:
    """A server that speaks MongoDB's wire protocol, knows nothing but greetings and lets nobody sign in; its port."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(cast("asyncio.Task[None]", asyncio.current_task()))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(16)
                length, request, _, operation = (
                    int.from_bytes(head[i : i + 4], "little") for i in (0, 4, 8, 12)
                )
                asked = await reader.readexactly(length - 16)
                body = bson.encode(
                    {"ok": 1.0, "isWritablePrimary": True, "ismaster": True, "minWireVersion": 0,
                     "maxWireVersion": 17, "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000,
                     "maxWriteBatchSize": 100000, "readOnly": False, **answers}
                )  # fmt: skip
                if b"saslStart" in asked:
                    body = bson.encode({"ok": 0.0, "code": 18, "errmsg": "Authentication failed."})
                if operation == 2004:  # OP_QUERY, the first greeting; answered by OP_REPLY
                    reply, payload = 1, bytes(16) + (1).to_bytes(4, "little") + body
                else:  # OP_MSG
                    reply, payload = 2013, bytes(5) + body
                writer.write(
                    (16 + len(payload)).to_bytes(4, "little")
                    + bytes(4) + request.to_bytes(4, "little") + reply.to_bytes(4, "little") + payload
                )  # fmt: skip
                await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        # Our client has closed its connections by now, so these are about to end.
        await asyncio.wait_for(asyncio.gather(*serving), 10)


async def test_a_replica_set_passes(mongo_uri: str) -> None:
    client = connect(mongo_uri)
    await check(client)
    await client.close()


# The driver forgets to close the socket of a refused connection; it must go before the next test.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_where_nobody_listens_the_sentence_names_the_place_soon() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        began = time.monotonic()
        said = await problem_with(f"mongodb://me:{SECRET}@127.0.0.1:{port}/thserver")
    gc.collect()
    assert f"127.0.0.1:{port} does not answer" in said
    assert time.monotonic() - began < 5


async def test_a_server_that_never_answers_is_given_up_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        said = await problem_with(f"mongodb://127.0.0.1:{silent.getsockname()[1]}/thserver")
    assert "does not answer" in said
    assert time.monotonic() - began < 5


async def test_an_old_server_is_refused_by_its_version() -> None:
    async with server_that_says(version="4.4.29", versionArray=[4, 4, 29, 0], setName="rs0") as port:
        said = await problem_with(f"mongodb://127.0.0.1:{port}/thserver?directConnection=true")
    assert "version 4.4.29" in said
    assert "5.0 or later" in said


async def test_a_standalone_server_is_refused_because_money_needs_transactions() -> None:
    async with server_that_says(version="6.0.5", versionArray=[6, 0, 5, 0]) as port:
        said = await problem_with(f"mongodb://127.0.0.1:{port}/thserver?directConnection=true")
    assert "replica set" in said


async def test_a_wrong_password_is_said_to_be_one() -> None:
    async with server_that_says(version="6.0.5", versionArray=[6, 0, 5, 0]) as port:
        said = await problem_with(f"mongodb://me:{SECRET}@127.0.0.1:{port}/thserver?directConnection=true")
    assert "refuses the user name or password" in said


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://me:{SECRET}/x@localhost/thserver",
        f"mongodb://me:{SECRET}@localhost:99999/thserver",
        f"mongodb://me@{SECRET}@localhost/thserver",
    ],
)
def test_a_uri_that_is_none_is_refused_without_its_password(uri: str) -> None:
    with pytest.raises(ConnectionProblem) as caught:
        connect(uri)
    assert SECRET not in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("mongodb://localhost/thserver", "thserver"),
        ("mongodb://a,b,c:27018/calls?replicaSet=rs0", "calls"),
        ("mongodb+srv://cluster.example.com/calls?w=majority", "calls"),
    ],
)
def test_the_database_is_the_one_that_the_uri_names(uri: str, name: str) -> None:
    assert database_name(uri) == name
