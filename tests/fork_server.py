"""Real processes of the command without the second of imports that each start costs: one interpreter that has imported
it all forks them. Each has a pid, an environment and an exit code of its own, and can be killed."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from scheduler import runner
from scheduler.timetable import TIMETABLE
from thserver.gateways.password_hasher import PasswordHasher

HEAD_BYTES = 4
# Standard input, output and error, and where its pid and exit code are told.
DESCRIPTORS = 4


class Forked:
    """One process, seen from the test. `stdout` is the reading end of a pipe; no `stderr` drops what it says there.

    `hurry` is how many times as often as usual it does what stands in its timetable.
    """

    def __init__(
        self,
        words: tuple[str, ...],
        *,
        folder: Path,
        env: dict[str, str],
        stderr: int | None = None,
        hurry: int = 1,
    ) -> None:
        ours, theirs = socket.socketpair()
        reading, stdout = os.pipe()
        self.stdout = os.fdopen(reading, "rb")
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            asked = json.dumps([words, str(folder), env, hurry]).encode()
            control = _server()
            descriptors = [nothing, stdout, nothing if stderr is None else stderr, theirs.fileno()]
            socket.send_fds(control, [len(asked).to_bytes(HEAD_BYTES)], descriptors)
            control.sendall(asked)
        finally:
            theirs.close()
            os.close(stdout)
            os.close(nothing)
        self.told = ours
        self.returncode: int | None = None
        # The very first waits for the imports; later ones for a fork.
        self.pid = int.from_bytes(_exactly(ours, HEAD_BYTES))

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Its exit code, negative for the signal that ended it; None while it lives."""
        if self.returncode is None and select.select([self.told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.told.settimeout(timeout)
            self.returncode = int.from_bytes(_exactly(self.told, HEAD_BYTES), signed=True)
            self.told.close()
        return self.returncode


class ForkedProcess:
    """The same for tests with an event loop, used as an `asyncio.subprocess.Process`."""

    def __init__(self, forked: Forked, stdout: asyncio.StreamReader, pipe: asyncio.ReadTransport) -> None:
        self.stdout, self.pid = stdout, forked.pid
        self.send_signal, self.terminate, self.kill = forked.send_signal, forked.terminate, forked.kill
        self._forked, self._pipe = forked, pipe
        self._ended = asyncio.ensure_future(self._end())

    @property
    def returncode(self) -> int | None:
        return self._forked.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it still prints; standard error is a file of the test's own."""
        printed = await self.stdout.read()
        await self.wait()
        self.close()
        return printed, b""

    def close(self) -> None:
        self._pipe.close()

    async def _end(self) -> int:
        there = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._forked.told, there.set)
        try:
            await there.wait()
        finally:
            loop.remove_reader(self._forked.told)
        return self._forked.wait()


async def start_forked(
    *words: str, folder: Path, env: dict[str, str], stderr: int | None = None, hurry: int = 1
) -> ForkedProcess:
    forked = Forked(words, folder=folder, env=env, stderr=stderr, hurry=hurry)
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), forked.stdout
    )
    return ForkedProcess(forked, reader, pipe)


@functools.cache
def _server() -> socket.socket:
    """Started with the first process, once for all tests; it goes when this process does."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
            cwd=Path(__file__).parent.parent,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def stop() -> None:
        ours.close()
        process.wait()

    atexit.register(stop)
    return ours


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise EOFError("the other end is gone")
        found += more
    return found


def _serve(control: socket.socket) -> tuple[str, ...]:
    """Fork whenever asked to; returns, in each new process, the words of its command, and else never."""
    # By a pipe that only the process holds and that ends with it: its pid, and where to tell its exit code.
    living: dict[int, tuple[int, int]] = {}
    while True:
        watched: list[socket.socket | int] = [control, *living]
        ready, _, _ = select.select(watched, [], [])
        for ended in [one for one in ready if one in living]:
            pid, told = living.pop(ended)
            _, status = os.waitpid(pid, 0)
            _tell(told, os.waitstatus_to_exitcode(status))
            os.close(told)
            os.close(ended)
        if control not in ready:
            continue
        head, descriptors, _, _ = socket.recv_fds(control, HEAD_BYTES, DESCRIPTORS)
        if not head:
            for pid, _ in living.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os._exit(0)
        words, folder, env, hurry = json.loads(_exactly(control, int.from_bytes(head)))
        ended, alive = os.pipe()
        pid = os.fork()
        if pid == 0:
            for number, descriptor in enumerate(descriptors[:3]):
                os.dup2(descriptor, number)
            # Those of the other processes too; one stays, and the kernel closes it.
            control.detach()
            os.closerange(3, alive)
            os.closerange(alive + 1, os.sysconf("SC_OPEN_MAX"))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(env)
            _hurry(hurry)
            return tuple(words)
        os.close(alive)
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        living[ended] = (pid, descriptors[3])
        _tell(descriptors[3], pid)


def _hurry(times: int) -> None:
    runner.STAGGER /= times
    for name, (job, seconds) in TIMETABLE.items():
        TIMETABLE[name] = (job, seconds / times)


def _tell(told: int, number: int) -> None:
    # Who asked may be gone.
    with contextlib.suppress(BrokenPipeError):
        os.write(told, number.to_bytes(HEAD_BYTES, signed=True))


if __name__ == "__main__":
    # Ctrl-C in the terminal is for the tests; when they end, so does this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_module("thserver.__main__")
    for command in pkgutil.iter_modules(import_module("thserver.commands").__path__, "thserver.commands."):
        import_module(command.name)
    # What the simulated companies import when they first need it.
    import_module("httpx")
    # Tests have many people, and nobody who would guess at what is kept of their passwords.
    usual = PasswordHasher.__init__.__kwdefaults__ or {}
    PasswordHasher.__init__.__kwdefaults__ = {**usual, "memory_in_kib": 8, "passes": 1}
    gc.collect()
    gc.freeze()
    sys.argv = ["thserver", *_serve(socket.socket(fileno=int(sys.argv[1])))]
    sys.exit(sys.modules["thserver.__main__"].main())
