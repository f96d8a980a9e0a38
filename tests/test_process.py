"""The real command as a process of its own: it starts, ends, comes back after a kill, and refuses in one sentence."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from tornado.websocket import websocket_connect

from store.data_folder import read_record
from store.embedded import running_uri
from store.person_documents import to_document
from tests.fork_server import Forked
from thserver.domain.people import Person

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

    def wait_for(self, words: str) -> str:
        """Read what it prints until a line holds these words."""
        for line in self.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}: {self.said} {self.stderr}")

    def ready(self) -> str:
        """Wait until it serves; its URL."""
        return self.wait_for("is ready at").split()[-1]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(START_SECONDS)

    @property
    def stderr(self) -> str:
        return self.errors.read_text("utf-8")

    @property
    def mongo_pid(self) -> int:
        return int(read_record(self.data)["mongo_pid"])


Start = Callable[..., Process]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Start]:
    """Run a `thserver` command on this test's own data folder; whatever still lives at the end is stopped."""
    yield from running(the_command, tmp_path)


@pytest.fixture
def fork(tmp_path: Path) -> Iterator[Start]:
    """The same, without the time of a start, where the test is about what a command does."""
    yield from running(a_fork, tmp_path)


def running(begin: Begin, folder: Path) -> Iterator[Start]:
    started: list[Process] = []

    def run(*words: str, **environment: str) -> Process:
        defaults = {"DEBUG": "True", "PORT": "0", "DATA_DIR": str(folder / "data")}
        process = Process(begin, folder, *words, **{**defaults, **environment})
        started.append(process)
        return process

    yield run
    for process in started:
        if process.popen.poll() is None:
            process.end()
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


def test_it_is_ready_when_it_says_so_and_tells_what_one_needs_to_know(run: Start) -> None:
    service = run("serve", CONFERENCE_NUMBER="+12025550123")
    address = service.ready()
    assert get(f"{address}/readyz")[0] == 200
    assert get(f"{address}/healthz")[0] == 200
    service.wait_for("Ctrl-C")
    said = "".join(service.said)
    assert "+12025550123" in said
    assert "phone company, card company, mail" in said
    record = read_record(service.data)
    assert record["address"] == address
    assert record["pid"] == service.popen.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_with_everything_it_started(run: Start, number: int) -> None:
    service = run("serve", DEBUG="False", SECRET_KEY="0123456789abcdef0123456789")
    service.ready()
    mongo_pid = service.mongo_pid
    assert service.end(number) == 0
    assert not lives(mongo_pid)
    assert "Traceback" not in service.stderr
    assert "ERROR" not in service.stderr
    assert {"pid", "address", "mongo_pid"}.isdisjoint(read_record(service.data))


async def test_an_open_websocket_is_told_that_the_service_restarts(run: Start) -> None:
    service = run("serve")
    address = await asyncio.to_thread(service.ready)
    line = await websocket_connect(f"ws{address.removeprefix('http')}/practice/phone?from=%2B13125550123")
    service.popen.terminate()
    while await line.read_message() is not None:
        pass
    assert line.close_code == 1012
    line.close()
    assert await asyncio.to_thread(service.popen.wait, START_SECONDS) == 0


def test_what_was_stored_is_there_at_the_next_start(run: Start) -> None:
    first = run("serve")
    first.ready()
    with things(first) as client:
        client["thserver"]["things"].insert_one({"_id": 1})
    assert first.end() == 0
    second = run("serve")
    assert get(f"{second.ready()}/readyz")[0] == 200
    with things(second) as client:
        assert client["thserver"]["things"].count_documents({}) == 1


def test_after_a_kill_it_starts_again_with_everything_stored(run: Start) -> None:
    first = run("serve")
    first.ready()
    with things(first) as client:
        client["thserver"]["things"].insert_one({"_id": 1})
    first.end(signal.SIGKILL)
    second = run("serve")
    assert get(f"{second.ready()}/readyz")[0] == 200
    with things(second) as client:
        assert client["thserver"]["things"].count_documents({}) == 1
    assert second.end() == 0


def test_a_killed_mongod_comes_back_and_the_service_is_ready_again(run: Start) -> None:
    service = run("serve")
    address = service.ready()
    former = service.mongo_pid
    os.kill(former, signal.SIGKILL)
    eventually(lambda: service.mongo_pid != former, "mongod was not started again")
    eventually(lambda: get(f"{address}/readyz")[0] == 200, "the service did not get ready again")
    assert service.end() == 0


def test_a_second_start_on_the_same_data_folder_is_refused(run: Start) -> None:
    first = run("serve")
    address = first.ready()
    assert f"already in use by process {first.popen.pid}" in refused(run("serve"), 3)
    assert get(f"{address}/readyz")[0] == 200


def test_a_taken_port_is_refused_before_anything_is_started(run: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = run("serve", PORT=str(port))
        assert f"Port {port} on 127.0.0.1 is already taken" in refused(service, 4)
        assert not service.data.exists()


def test_an_address_that_is_not_ours_is_refused(run: Start) -> None:
    assert "ADDRESS" in refused(run("serve", ADDRESS="192.0.2.1"), 4)


def test_an_unreachable_database_is_refused_without_its_password(run: Start) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"mongodb://me:hush-hush@127.0.0.1:{closed.getsockname()[1]}/thserver"
        said = refused(run("serve", DATABASE_URL=url), 3)
    assert "does not answer" in said
    assert "DATABASE_URL" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("DATABASE_URL", "mongodb://localhost"), ("DEBUG", "maybe"), ("KILL_AT", "nowhere")],
)
def test_a_wrong_setting_is_refused_by_its_name(run: Start, name: str, value: str) -> None:
    assert name in refused(run("serve", **{name: value}), 2)


def test_without_secret_key_it_serves_in_development_only(run: Start) -> None:
    assert "SECRET_KEY" in refused(run("serve", DEBUG=""), 2)
    service = run("serve", "--development", DEBUG="")
    assert get(f"{service.ready()}/readyz")[0] == 200


def test_a_data_folder_that_cannot_be_made_is_refused(run: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(run("serve", DATA_DIR=str(tmp_path / "file" / "data")), 3)


def test_without_a_usable_mongod_the_sentence_says_what_to_do(run: Start, tmp_path: Path) -> None:
    # A mongod on the PATH that is too old, and a Python that sees no wheel.
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\necho 'db version v4.4.1'\n")
    program.chmod(0o755)
    (tmp_path / "sitecustomize.py").write_text("import store.mongod\nstore.mongod.WHEELS = ()\n")
    said = refused(run("serve", PATH=f"{tmp_path}:/usr/bin:/bin", PYTHONPATH=str(tmp_path)), 3)
    assert "version 4.4, too old" in said
    assert "DATABASE_URL" in said


def test_commands_act_on_the_running_service_and_on_a_stopped_one(fork: Start) -> None:
    service = fork("serve")
    service.ready()
    for _ in range(2):
        indexes = fork("indexes")
        assert indexes.popen.wait(START_SECONDS) == 0, indexes.stderr
        stranger = fork("staff", "add", "nobody@example.com")
        assert "nobody has the id, number, e-mail or username 'nobody@example.com'" in refused(stranger, 1)
        if service.popen.poll() is None:
            assert service.end() == 0
    assert running_uri(service.data) is None


def test_staff_add_makes_a_registered_person_staff(fork: Start) -> None:
    service = fork("serve")
    service.ready()
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    person = Person(id=1, uuid="1", email="ann@example.com", created=moment, updated=moment)
    with things(service) as client:
        client["thserver"]["people"].insert_one(to_document(person))
        added = fork("staff", "add", "Ann@Example.com")
        added.wait_for("is staff now")
        assert added.popen.wait(START_SECONDS) == 0, added.stderr
        found = client["thserver"]["people"].find_one({"email": "ann@example.com"})
    assert found is not None
    assert found["is_staff"] is True


def test_commands_follow_the_running_service_into_development_mode(fork: Start) -> None:
    fork("serve", "--development", DEBUG="").ready()
    indexes = fork("indexes", DEBUG="")
    assert indexes.popen.wait(START_SECONDS) == 0, indexes.stderr


def test_settings_prints_the_example_file(fork: Start) -> None:
    process = fork("settings")
    printed = process.stdout.read()
    assert process.popen.wait(START_SECONDS) == 0
    assert printed == (Path(__file__).parent.parent / "config" / "settings.example.env").read_text("utf-8")


def test_jobs_lists_the_timetable_and_knows_no_other_job(fork: Start) -> None:
    listing = fork("jobs")
    listing.wait_for("send-reminders")
    assert listing.popen.wait(START_SECONDS) == 0, listing.stderr
    assert "no job is called nonsense" in refused(fork("jobs", "nonsense"), 1)


def test_a_job_runs_by_hand_whether_the_service_runs_or_not(fork: Start) -> None:
    service = fork("serve")
    service.ready()
    for _ in range(2):
        job = fork("jobs", "send-reminders")
        assert "0 done" in job.wait_for("send-reminders:")
        assert job.popen.wait(START_SECONDS) == 0, job.stderr
        if service.popen.poll() is None:
            assert service.end() == 0
