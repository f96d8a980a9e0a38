"""A thousand WebSockets over two processes on one MongoDB: what an idle one costs, and whether ten thousand messages
reach every socket that they should, once and in order.

Usage: python -m bench.sockets [--sockets 1000] [--messages 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import orjson
from pymongo import AsyncMongoClient

from bench.data import person
from bench.load import resident_mib
from store import person_documents
from store.connection import connect
from store.database import Database
from store.embedded import EmbeddedMongo
from thserver.domain.codes import token_hash

COMMAND = str(Path(sys.executable).with_name("thserver"))
MOST_KIB = 60.0
MOST_SECONDS_WITHOUT_NEWS = 30
OPENED_TOGETHER = 50
WARM_UP = 40
FILES = 8192


@dataclass
class Client(asyncio.Protocol):
    """One socket that sends its messages one after the other, and notes what comes."""

    person_id: int
    other_id: int
    port: int
    opened: asyncio.Future[None]
    to_send: int = 0
    sent: int = 0
    own: int = 0
    messages: list[int] = field(default_factory=list)
    notifications: list[int] = field(default_factory=list)
    sent_at: float = 0.0
    latencies: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    buffer: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws/?token={token_of(self.person_id)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.opened.done():
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.opened.set_exception(ConnectionError(head.decode("latin-1")))
                return
            self.buffer = rest
            self.opened.set_result(None)
        while (frame := self._frame()) is not None:
            self._heard(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed while opening"))

    def send_next(self) -> None:
        if self.sent < self.to_send:
            self.sent += 1
            self.sent_at = time.perf_counter()
            self._write(
                0x1,
                orjson.dumps(
                    {"type": "message.send", "receiver_id": self.other_id, "content": f"Message {self.sent}"}
                ),
            )

    def _frame(self) -> tuple[int, bytes] | None:
        if len(self.buffer) < 2:
            return None
        opcode, length, start = self.buffer[0] & 0x0F, self.buffer[1] & 0x7F, 2
        if length == 126:
            if len(self.buffer) < 4:
                return None
            (length,), start = struct.unpack("!H", self.buffer[2:4]), 4
        if len(self.buffer) < start + length:
            return None
        payload, self.buffer = self.buffer[start : start + length], self.buffer[start + length :]
        return opcode, payload

    def _heard(self, opcode: int, payload: bytes) -> None:
        if opcode == 0x9:
            self._write(0xA, payload)
        elif opcode == 0x8:
            self.problems.append(f"closed: {payload[:2]!r}")
        elif opcode == 0x1:
            body = orjson.loads(payload)
            if body["type"] == "message.receive":
                self.messages.append(body["message"]["id"])
                if body["message"]["sender_id"] == self.person_id:
                    self.latencies.append(time.perf_counter() - self.sent_at)
                    self.own += 1
                    self.send_next()
            elif body["type"] == "notification.receive":
                self.notifications.append(body["notification"]["id"])
            else:
                self.problems.append(payload.decode())
                self.send_next()

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        head = bytes([0x80 | opcode, 0x80 | length]) if length < 126 else None
        if head is None:
            head = bytes([0x80 | opcode, 0x80 | 126]) + struct.pack("!H", length)
        self.transport.write(head + bytes(4) + payload)


@dataclass
class Service:
    """One `thserver serve`."""

    process: subprocess.Popen[str]
    port: int

    @property
    def kib(self) -> float:
        return resident_mib(self.process.pid) * 1024


def token_of(number: int) -> str:
    return f"socket-token-of-person-{number:08d}"


async def fill(client: AsyncMongoClient[dict[str, object]], many: int) -> None:
    now = datetime.now(UTC)
    rows = []
    for number in range(1, many + 1):
        document = person_documents.to_document(person(number, now))
        kept = {
            "hash": token_hash(token_of(number)),
            "contract": "experts",
            "expires": now + timedelta(days=1),
        }
        rows.append({**document, "tokens": [kept]})
    await client["bench"]["people"].insert_many(rows, ordered=False)


def start(uri: str, folder: Path, name: str) -> Service:
    data = folder / name
    data.mkdir()
    process = subprocess.Popen(
        [COMMAND, "serve"],
        cwd=data,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": uri,
            "DATA_DIR": str(data),
            "PORT": "0",
            "SECRET_KEY": "a-secret-for-the-bench",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "is ready at" in line:
            return Service(process, int(line.strip().rpartition(":")[2]))
    raise RuntimeError("the service did not start")


def _itself(client: Client) -> Client:
    return client


async def open_sockets(services: Sequence[Service], count: int, *, first: int = 1) -> list[Client]:
    """Persons 1 and 2 talk with each other, 3 and 4 …; the odd ones are at one process, the even ones at the other."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for start_at in range(first, first + count, OPENED_TOGETHER):
        together = []
        for number in range(start_at, min(start_at + OPENED_TOGETHER, first + count)):
            port = services[number % 2].port
            other = number + 1 if number % 2 else number - 1
            client = Client(number, other, port, loop.create_future())
            await loop.create_connection(partial(_itself, client), "127.0.0.1", port)
            together.append(client)
        await asyncio.gather(*(client.opened for client in together))
        clients += together
    return clients


async def exchange(clients: Sequence[Client], messages: int) -> float:
    """Have so many messages sent in all; the seconds until everything has come."""
    each = messages // len(clients)
    began = time.perf_counter()
    for client in clients:
        client.to_send += each
        client.send_next()
    heard, quiet_since = -1, time.perf_counter()
    wanted = len(clients) * each * 3
    while (now := sum(len(client.messages) + len(client.notifications) for client in clients)) < wanted:
        if now != heard:
            heard, quiet_since = now, time.perf_counter()
        elif time.perf_counter() - quiet_since > MOST_SECONDS_WITHOUT_NEWS:
            break
        await asyncio.sleep(0.1)
    return time.perf_counter() - began


def wrong(clients: Sequence[Client], each: int) -> list[str]:
    """What did not come once, in order, to every socket that it should have come to."""
    by_person = {client.person_id: client for client in clients}
    found = []
    for client in clients:
        who = f"person {client.person_id}"
        found += [f"{who}: {problem}" for problem in client.problems]
        if client.messages != sorted(set(client.messages)):
            found.append(f"{who}: messages out of order or twice")
        if client.notifications != sorted(set(client.notifications)):
            found.append(f"{who}: notifications out of order or twice")
        if len(client.messages) != 2 * each or len(client.notifications) != each:
            found.append(f"{who}: {len(client.messages)} messages, {len(client.notifications)} notifications")
        if client.messages != by_person[client.other_id].messages:
            found.append(f"{who}: not what his partner has seen")
    return found


async def measure(sockets: int, messages: int) -> list[str]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, FILES), hard), hard))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mongo = EmbeddedMongo(folder / "mongo")
        mongo.start()
        services: list[Service] = []
        try:
            uri = mongo.uri("bench")
            client = connect(uri)
            await Database(client, "bench").ensure_indexes()
            await fill(client, sockets + WARM_UP)
            await client.close()
            services += [start(uri, folder, "one"), start(uri, folder, "two")]
            return await with_services(services, sockets, messages)
        finally:
            for service in services:
                service.process.terminate()
            for service in services:
                service.process.wait(timeout=20)
                assert service.process.stdout is not None
                service.process.stdout.close()
            mongo.stop()


async def with_services(services: Sequence[Service], sockets: int, messages: int) -> list[str]:
    warm = await open_sockets(services, WARM_UP, first=sockets + 1)
    await exchange(warm, WARM_UP * 5)
    for one in warm:
        one.transport.close()
    await asyncio.sleep(1)
    before = sum(service.kib for service in services)
    clients = await open_sockets(services, sockets)
    await asyncio.sleep(1)
    idle = (sum(service.kib for service in services) - before) / sockets
    print(f"{sockets:,} sockets over two processes: {idle:.1f} KiB for each idle one")
    seconds = await exchange(clients, messages)
    latencies = sorted(each for one in clients for each in one.latencies)
    after = sum(service.kib for service in services)
    print(
        f"{messages:,} messages, {3 * messages:,} events in {seconds:.1f} s: {messages / seconds:,.0f} messages/s;"
        f" to one's own echo p50 {1000 * latencies[len(latencies) // 2]:.0f} ms,"
        f" p99 {1000 * latencies[len(latencies) * 99 // 100]:.0f} ms; {after / 1024:.0f} MiB in both processes"
    )
    found = wrong(clients, messages // sockets)
    if idle > MOST_KIB:
        found.append(f"{idle:.1f} KiB for an idle socket, {MOST_KIB:.0f} is the most")
    for one in clients:
        one.transport.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1_000, help="how many, an even number")
    parser.add_argument("--messages", type=int, default=10_000, help="how many in all")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.sockets, arguments.messages))
    for line in found[:20]:
        print(f"missed {line}")
    if not found:
        print("each reached every socket that it should, once, in order")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
