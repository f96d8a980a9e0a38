"""Real processes of the service on one database, to be killed and started again, with one clock for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from tornado.testing import bind_unused_port

from tests.databases import lent
from tests.fork_server import ForkedProcess, start_forked

PATIENCE_S = 60


@dataclass
class Fleet:
    """`ahead_s` is how far the clocks of all processes have been put ahead; `hurry` how many times as often as usual
    they look for what is due."""

    environment: dict[str, str]
    folder: Path
    ports: list[int]
    hurry: int = 1
    processes: dict[int, ForkedProcess] = field(default_factory=dict)
    ahead_s: float = 0
    # A process that is being started and all others being put ahead: one after the other, or it is put ahead twice.
    clocks: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    async def start(self, port: int, **more: str) -> None:
        process = await self._run("serve", PORT=str(port), **more)
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for line in process.stdout:
                    if b"is ready at" in line:
                        break
                else:
                    raise AssertionError("the service did not start")
            async with self.clocks:
                # What it found in the data folder of how far ahead it was may be the place of another process.
                behind = self.ahead_s - await self._how_far_ahead(port)
                if behind > 1:
                    await self._put_ahead(port, behind)
                self.processes[port] = process
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            process.close()
            raise

    async def kill(self, port: int) -> None:
        process = self.processes.pop(port)
        process.kill()
        await process.wait()
        process.close()

    async def died(self, port: int) -> None:
        """Wait until a process has killed itself at its kill point."""
        process = self.processes.pop(port)
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
        assert process.returncode == -signal.SIGKILL, process.returncode
        process.close()

    async def advance(self, seconds: float) -> None:
        async with self.clocks:
            self.ahead_s += seconds
            for port in self.ports:
                # Whether it was killed, and is perhaps about to start again, since the one before was put ahead.
                if port in self.processes:
                    with contextlib.suppress(httpx.HTTPError):
                        await self._put_ahead(port, seconds)

    async def apart_s(self) -> float:
        """How far the clock of any process is from where it should be."""
        return max([abs(self.ahead_s - await self._how_far_ahead(port)) for port in self.processes])

    async def command(self, *words: str) -> tuple[int, str]:
        """Exit code and output of another command on the same data."""
        process = await self._run(*words)
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await process.communicate()
        process.close()
        assert process.returncode is not None
        return process.returncode, out.decode()

    async def stop(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes.values():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            process.close()
        self.processes.clear()

    async def _run(self, *words: str, **more: str) -> ForkedProcess:
        env = {"PATH": os.environ["PATH"], **self.environment, **more}
        with (self.folder / "stderr").open("ab") as stderr:
            return await start_forked(
                *words, folder=self.folder, env=env, stderr=stderr.fileno(), hurry=self.hurry
            )

    async def _how_far_ahead(self, port: int) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{port}/practice/clock", timeout=20)
        if answer.status_code == 404:
            return self.ahead_s  # With a real phone company there is no practice clock.
        now = datetime.fromisoformat(answer.json()["now"])
        return (now - datetime.now(UTC)).total_seconds()

    async def _put_ahead(self, port: int, seconds: float) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                f"http://127.0.0.1:{port}/practice/clock", json={"advance_s": seconds}, timeout=20
            )
            assert answer.status_code == 200, answer.text

    def complaints(self) -> str:
        """What a process said when something was wrong with our own code."""
        said = (self.folder / "stderr").read_text("utf-8", "replace")
        return said[said.index("Traceback") - 500 :][:3000] if "Traceback" in said else ""


@contextlib.asynccontextmanager
async def fleet(
    mongo_uri: str, folder: Path, name: str, *, processes: int = 1, hurry: int = 1, **more: str
) -> AsyncIterator[Fleet]:
    """Not started yet. Its folder is called `name`; its database is its own as long as the block lasts."""
    data = folder / name
    data.mkdir()
    ports = []
    for _ in range(processes):
        bound, port = bind_unused_port()
        bound.close()
        ports.append(port)
    async with lent(mongo_uri) as uri:
        environment = {
            "DEBUG": "True",
            "SECRET_KEY": "a-secret-for-tests-only",
            "DATABASE_URL": uri,
            "DATA_DIR": str(data),
            "LIMIT_AUTH_PER_ADDRESS_MIN": "100000",
            "LIMIT_REQUESTS_PER_PERSON_MIN": "100000",
            **more,
        }
        ships = Fleet(environment, data, ports, hurry)
        try:
            yield ships
        finally:
            await ships.stop()
