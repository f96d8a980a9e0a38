"""`make bench`: each way in under load, its ratio to a bare handler with one find_one, CPU, memory, and growth.

Usage: python -m bench [--seconds 4] [--many 100000] [--only profile,ring]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from twilio.request_validator import RequestValidator

from bench import data, gathering_requests, phone_requests
from bench.load import Load, get, put_under_load, resident_mib
from store.connection import connect
from store.database import Database
from store.embedded import EmbeddedMongo

FEW = 1_000
BASELINE = "one find_one"
MENTORS = "mentors list, 100 × 20 slots"
IMPORT = f"import of {gathering_requests.CONTACTS:,} contacts"
# One at a time: what counts is how long one takes.
ALONE = {IMPORT}
IMPORT_MS = 2000
MEMORY_MIB = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each is under load")
    parser.add_argument("--many", type=int, default=100_000, help="people and bookings in the large run")
    parser.add_argument("--only", default="", help="names of measurements up to their comma, comma-separated")
    arguments = parser.parse_args()
    only = {name.strip() for name in arguments.only.split(",") if name.strip()}
    failed = asyncio.run(measure(arguments.seconds, arguments.many, only))
    sys.exit(1 if failed else 0)


async def measure(seconds: float, many: int, only: set[str]) -> bool:
    console = Console()
    few, few_memory = await one_size(FEW, seconds, only)
    large, large_memory = await one_size(many, seconds, only)
    table = Table(title="32 connections, one process")
    for column in ("", "requests/s", "CPU µs", "p50 ms", "p99 ms", f"× {BASELINE}", f"with {many:,}", "kept"):
        table.add_column(column, justify="left" if not column else "right")
    for name, load in few.items():
        after = large.get(name)
        table.add_row(
            name,
            f"{load.per_second:,.0f}",
            f"{load.cpu_us:,.0f}",
            f"{load.p50_ms:.1f}",
            f"{load.p99_ms:.1f}",
            f"{load.per_second / few[BASELINE].per_second:.2f}",
            f"{after.per_second:,.0f}" if after else "",
            f"{relative(name, large, few):.0%}" if after else "",
        )
    console.print(table)
    console.print(
        f"resident memory after the run: {few_memory:.0f} MiB, with {many:,}: {large_memory:.0f} MiB"
    )
    misses = list(missed_targets(few, large, max(few_memory, large_memory)))
    for miss in misses:
        console.print(f"[red]missed[/red] {miss}")
    if not misses:
        console.print("every target is reached")
    return bool(misses)


def relative(name: str, large: dict[str, Load], few: dict[str, Load]) -> float:
    """What is left of the throughput when there is much data, each against the baseline of its own run."""
    now = large[name].per_second / large[BASELINE].per_second
    return now / (few[name].per_second / few[BASELINE].per_second)


def missed_targets(few: dict[str, Load], large: dict[str, Load], memory: float) -> Iterator[str]:
    base = few[BASELINE].per_second
    for name, least in (("profile with token", 0.6), ("ring, admitted", 0.5)):
        if name in few and few[name].per_second < least * base:
            yield f"{name}: {few[name].per_second / base:.2f} of {BASELINE}, {least} is due"
        if name in large and relative(name, large, few) < 0.8:
            yield f"{name}: keeps {relative(name, large, few):.0%} with much data, 80% is due"
    if "100 heroes" in few and few["100 heroes"].per_second < 300 * base / 2000:
        yield f"100 heroes: {few['100 heroes'].per_second:.0f}/s, {300 * base / 2000:.0f}/s is due"
    if MENTORS in few and few[MENTORS].per_second < 150 * base / 2000:
        yield f"{MENTORS}: {few[MENTORS].per_second:.0f}/s, {150 * base / 2000:.0f}/s is due"
    if IMPORT in few and few[IMPORT].p99_ms > IMPORT_MS:
        yield f"{IMPORT}: {few[IMPORT].p99_ms:.0f} ms, {IMPORT_MS} ms is the most"
    if memory > MEMORY_MIB:
        yield f"memory: {memory:.0f} MiB, {MEMORY_MIB:.0f} is the most"


async def one_size(size: int, seconds: float, only: set[str]) -> tuple[dict[str, Load], float]:
    """Every measurement on a fresh database of that size."""
    with tempfile.TemporaryDirectory() as folder:
        mongo = EmbeddedMongo(Path(folder))
        mongo.start()
        try:
            uri = mongo.uri("bench")
            client = connect(uri)
            await Database(client, "bench").ensure_indexes()
            await data.fill(client, size)
            await client.close()
            return await with_server(uri, seconds, only)
        finally:
            mongo.stop()


async def with_server(uri: str, seconds: float, only: set[str]) -> tuple[dict[str, Load], float]:
    server = subprocess.Popen([sys.executable, "-m", "bench.server", uri], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port, bare_port, account, token = server.stdout.readline().split()
        forms = phone_requests.Forms(
            base_url=f"http://127.0.0.1:{port}", account_id=account, validator=RequestValidator(token)
        )
        loads: dict[str, Load] = {}
        plan: dict[str, tuple[int, Callable[[], Iterator[bytes]]]] = {
            "bare": (int(bare_port), lambda: itertools.repeat(get("/bare"))),
            BASELINE: (int(bare_port), lambda: itertools.repeat(get("/find"))),
            "profile with token": (int(port), profile),
            "ten heroes of 100": (int(port), lambda: itertools.repeat(get("/api/v1/heroes/"))),
            "100 heroes": (int(port), lambda: itertools.repeat(get("/api/v1/heroes/?page_size=100"))),
            MENTORS: (int(port), mentors),
            "code sent": (int(port), gathering_requests.codes_sent),
            "code confirmed": (int(port), gathering_requests.codes_confirmed),
            "meetings list, 100 × 10 members": (int(port), lambda: gathering_requests.meetings(data.TOKEN)),
            IMPORT: (int(port), lambda: gathering_requests.contacts(data.TOKEN)),
            "ring, admitted": (int(port), forms.rings),
            "conference callback": (int(port), forms.callbacks),
        }
        for name, (where, requests) in plan.items():
            if only and name.partition(",")[0] not in only and name != BASELINE:
                continue
            at_once = 1 if name in ALONE else 32
            await put_under_load(
                where, itertools.islice(requests(), 300), pid=server.pid, connections=at_once, seconds=1
            )
            load = await put_under_load(
                where, requests(), pid=server.pid, connections=at_once, seconds=seconds
            )
            wrong = {
                status: count for status, count in load.statuses.items() if status not in (200, 201, 204)
            }
            if wrong:
                print(f"{name}: unexpected answers {wrong}", file=sys.stderr)
            loads[name] = load
        return loads, resident_mib(server.pid)
    finally:
        server.terminate()
        server.wait(timeout=10)


def profile() -> Iterator[bytes]:
    return itertools.repeat(get("/api/v1/accounts/profile", {"Authorization": data.TOKEN}))


def mentors() -> Iterator[bytes]:
    return itertools.repeat(get("/mentor/", {"Authorization": f"Token {data.TOKEN}"}))


if __name__ == "__main__":
    main()
