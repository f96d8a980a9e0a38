"""The real command as a process of its own: it starts, ends, comes back after a kill, and refuses in one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tornado.websocket import websocket_connect

from store.data_folder import read_record
from store.database import Database
from store.embedded import running_uri
from store.person_documents import to_document
from tests.processes import (
    START_SECONDS,
    Process,
    Start,
    a_fork,
    eventually,
    get,
    lives,
    refused,
    running,
    the_command,
    things,
)
from thserver.domain.people import Person


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Start]:
    """Run the installed `thserver` on this test's own data folder."""
    with running(the_command, tmp_path) as run:
        yield run


@pytest.fixture
def fork(tmp_path: Path) -> Iterator[Start]:
    """The same without the time of its imports: where the test is about what a command does, not how it starts."""
    with running(a_fork, tmp_path) as fork:
        yield fork


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Start]]:
    """A service that was put into development mode by its command only, and what runs other commands on its data."""
    with running(a_fork, tmp_path_factory.mktemp("service")) as fork:
        service = fork("serve", "--development", DEBUG="")
        service.ready()
        yield service, fork


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


async def test_an_open_websocket_is_told_that_the_service_restarts(
    fork: Start, mongo_uri: str, database: Database
) -> None:
    service = fork("serve", DATABASE_URL=mongo_uri)
    address = await asyncio.to_thread(service.ready)
    line = await websocket_connect(f"ws{address.removeprefix('http')}/practice/phone?from=%2B13125550123")
    service.popen.terminate()
    while await line.read_message() is not None:
        pass
    assert line.close_code == 1012
    line.close()
    assert await asyncio.to_thread(service.popen.wait, START_SECONDS) == 0


def test_what_was_stored_is_there_at_the_next_start(fork: Start) -> None:
    first = fork("serve")
    first.ready()
    with things(first) as client:
        client["thserver"]["things"].insert_one({"_id": 1})
    assert first.end() == 0
    second = fork("serve")
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


def test_a_killed_mongod_comes_back_and_the_service_is_ready_again(fork: Start) -> None:
    service = fork("serve")
    address = service.ready()
    former = service.mongo_pid
    os.kill(former, signal.SIGKILL)
    eventually(lambda: service.mongo_pid != former, "mongod was not started again")
    eventually(lambda: get(f"{address}/readyz")[0] == 200, "the service did not get ready again")
    assert service.end() == 0


def test_a_second_start_on_the_same_data_folder_is_refused(beside: tuple[Process, Start]) -> None:
    first, fork = beside
    assert f"already in use by process {first.popen.pid}" in refused(fork("serve"), 3)
    assert get(f"{first.address}/readyz")[0] == 200


def test_a_taken_port_is_refused_before_anything_is_started(fork: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = fork("serve", PORT=str(port))
        assert f"Port {port} on 127.0.0.1 is already taken" in refused(service, 4)
        assert not service.data.exists()


def test_an_address_that_is_not_ours_is_refused(fork: Start) -> None:
    assert "ADDRESS" in refused(fork("serve", ADDRESS="192.0.2.1"), 4)


def test_an_unreachable_database_is_refused_without_its_password(fork: Start) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"mongodb://me:hush-hush@127.0.0.1:{closed.getsockname()[1]}/thserver"
        said = refused(fork("serve", DATABASE_URL=url), 3)
    assert "does not answer" in said
    assert "DATABASE_URL" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("DATABASE_URL", "mongodb://localhost"), ("DEBUG", "maybe"), ("KILL_AT", "nowhere")],
)
def test_a_wrong_setting_is_refused_by_its_name(fork: Start, name: str, value: str) -> None:
    assert name in refused(fork("serve", **{name: value}), 2)


def test_without_secret_key_it_serves_in_development_only(
    run: Start, fork: Start, mongo_uri: str, database: Database
) -> None:
    assert "SECRET_KEY" in refused(run("serve", DEBUG=""), 2)
    service = fork("serve", "--development", DEBUG="", DATABASE_URL=mongo_uri)
    assert get(f"{service.ready()}/readyz")[0] == 200


def test_a_data_folder_that_cannot_be_made_is_refused(fork: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(fork("serve", DATA_DIR=str(tmp_path / "file" / "data")), 3)


def test_without_a_usable_mongod_the_sentence_says_what_to_do(run: Start, tmp_path: Path) -> None:
    # A mongod on the PATH that is too old, and a Python that sees no wheel.
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\necho 'db version v4.4.1'\n")
    program.chmod(0o755)
    (tmp_path / "sitecustomize.py").write_text("import store.mongod\nstore.mongod.WHEELS = ()\n")
    said = refused(run("serve", PATH=f"{tmp_path}:/usr/bin:/bin", PYTHONPATH=str(tmp_path)), 3)
    assert "version 4.4, too old" in said
    assert "DATABASE_URL" in said


def test_commands_and_jobs_act_on_the_running_service_and_on_a_stopped_one(fork: Start) -> None:
    service = fork("serve")
    service.ready()
    for _ in range(2):
        done(fork("indexes"))
        stranger = fork("staff", "add", "nobody@example.com")
        assert "nobody has the id, number, e-mail or username 'nobody@example.com'" in refused(stranger, 1)
        job = fork("jobs", "send-reminders")
        assert "0 done" in job.wait_for("send-reminders:")
        done(job)
        if service.popen.poll() is None:
            assert service.end() == 0
    assert running_uri(service.data) is None


def test_staff_add_makes_a_registered_person_staff(beside: tuple[Process, Start]) -> None:
    service, fork = beside
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    person = Person(id=1, uuid="1", email="ann@example.com", created=moment, updated=moment)
    with things(service) as client:
        client["thserver"]["people"].insert_one(to_document(person))
        added = fork("staff", "add", "Ann@Example.com")
        added.wait_for("is staff now")
        done(added)
        found = client["thserver"]["people"].find_one({"email": "ann@example.com"})
    assert found is not None
    assert found["is_staff"] is True


def test_commands_follow_the_running_service_into_development_mode(beside: tuple[Process, Start]) -> None:
    _, fork = beside
    done(fork("indexes", DEBUG=""))


def test_settings_prints_the_example_file(fork: Start) -> None:
    process = fork("settings")
    printed = process.stdout.read()
    assert process.popen.wait(START_SECONDS) == 0
    assert printed == (Path(__file__).parent.parent / "config" / "settings.example.env").read_text("utf-8")


def test_jobs_lists_the_timetable_and_knows_no_other_job(fork: Start) -> None:
    listing = fork("jobs")
    listing.wait_for("send-reminders")
    done(listing)
    assert "no job is called nonsense" in refused(fork("jobs", "nonsense"), 1)


def done(process: Process) -> None:
    assert process.popen.wait(START_SECONDS) == 0, process.stderr
