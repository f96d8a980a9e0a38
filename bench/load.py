"""A load generator on raw sockets: so many keep-alive connections, each sending its next request on the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

HEADER_END = b"\r\n\r\n"
TICKS_A_SECOND = 100


@dataclass(frozen=True)
class Load:
    """What one run gave: requests a second, the server's CPU in µs a request, latencies in ms."""

    requests: int
    seconds: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: float, done: asyncio.Future[None]) -> None:
        self.requests, self.until, self.done = requests, until, done
        self.buffer = b""
        self.sent_at = 0.0
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(HEADER_END)
        if not separator:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(body) < length:
            return
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(time.perf_counter() - self.sent_at)
        self.buffer = body[length:]
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self.sent_at = time.perf_counter()
        request = next(self.requests, None) if self.sent_at < self.until else None
        if request is None:
            self.transport.close()
        else:
            self.transport.write(request)


async def put_under_load(
    port: int, requests: Iterator[bytes], *, pid: int, connections: int = 32, seconds: float = 4.0
) -> Load:
    """Send these requests over so many connections for so long (or until they run out)."""
    loop = asyncio.get_running_loop()
    cpu_before, began = cpu_seconds(pid), time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]
    made = [
        await loop.create_connection(partial(_Connection, requests, began + seconds, end), "127.0.0.1", port)
        for end in ends
    ]
    await asyncio.gather(*ends)
    took = time.perf_counter() - began
    cpu = cpu_seconds(pid) - cpu_before
    latencies = sorted(latency for _, connection in made for latency in connection.latencies)
    statuses: dict[int, int] = {}
    for _, connection in made:
        for status, count in connection.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return Load(
        requests=len(latencies),
        seconds=took,
        cpu_us=1e6 * cpu / max(1, len(latencies)),
        p50_ms=1e3 * latencies[len(latencies) // 2],
        p99_ms=1e3 * latencies[len(latencies) * 99 // 100],
        statuses=statuses,
    )


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def get(path: str, headers: dict[str, str] | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def send_json(method: str, path: str, body: object, headers: dict[str, str] | None = None) -> bytes:
    content = orjson.dumps(body)
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *(f"{k}: {v}" for k, v in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def post_form(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
