"""Commands of the service as processes of their own, on a data folder of their own.

the_command   begins the installed command, as somebody types it
a_fork        begins the same without its second of imports, where the test is about what it does and not how it starts
running       `run(*words, **environment)` for the tests; whatever still lives in the end is stopped
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from store.data_folder import read_record
from store.embedded import running_uri
from tests.fork_server import Forked

COMMAND = str(Path(sys.executable).with_name("thserver"))
START_SECONDS = 30


def the_command(
    words: tuple[str, ...], folder: Path, env: dict[str, str], stderr: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [COMMAND, *words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def a_fork(words: tuple[str, ...], folder: Path, env: dict[str, str], stderr: int) -> Forked:
    return Forked(words, folder=folder, env=env, stderr=stderr)


Begin = Callable[[tuple[str, ...], Path, dict[str, str], int], subprocess.Popen[bytes] | Forked]


class Process:
    """One `thserver` command, with nothing in its environment but what the test gives it."""

    popen: subprocess.Popen[bytes] | Forked

    def __init__(self, begin: Begin, folder: Path, *words: str, **environment: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.errors = folder / f"stderr-{time.monotonic_ns()}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
        with self.errors.open("wb") as errors:
            self.popen = begin(words, folder, environment, errors.fileno())
        assert self.popen.stdout is not None
        self.stdout = io.TextIOWrapper(self.popen.stdout, "utf-8")
        self.said: list[str] = []
        self.address = ""

    def wait_for(self, words: str) -> str:
        """Read what it prints until a line holds these words."""
        for line in self.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}: {self.said} {self.stderr}")

    def ready(self) -> str:
        """Wait until it serves; its URL."""
        self.address = self.wait_for("is ready at").split()[-1]
        return self.address

    def end(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(START_SECONDS)

    def discard(self) -> None:
        """End it; if it has a MongoDB of its own, without waiting for what they would still do."""
        mongo_pid = read_record(self.data).get("mongo_pid")
        if mongo_pid is None:
            self.end()
            return
        self.end(signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(mongo_pid, signal.SIGKILL)

    @property
    def stderr(self) -> str:
        return self.errors.read_text("utf-8")

    @property
    def mongo_pid(self) -> int:
        return int(read_record(self.data)["mongo_pid"])


Start = Callable[..., Process]


@contextlib.contextmanager
def running(begin: Begin, folder: Path) -> Iterator[Start]:
    """Runs commands on a data folder in this one; what still lives at the end goes."""
    started: list[Process] = []

    def run(*words: str, **environment: str) -> Process:
        defaults = {"DEBUG": "True", "PORT": "0", "DATA_DIR": str(folder / "data")}
        process = Process(begin, folder, *words, **{**defaults, **environment})
        started.append(process)
        return process

    try:
        yield run
    finally:
        for process in started:
            if process.popen.poll() is None:
                process.discard()
            process.stdout.close()


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, None


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def things(process: Process) -> MongoClient[dict[str, Any]]:
    uri = running_uri(process.data)
    assert uri is not None
    return MongoClient(uri, serverSelectionTimeoutMS=10_000, w="majority")


def refused(process: Process, code: int) -> str:
    """What a command that must not start says: one sentence on standard error, and this exit code."""
    assert process.popen.wait(START_SECONDS) == code, process.stderr
    said = process.stderr
    assert said.startswith("thserver: ")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said
