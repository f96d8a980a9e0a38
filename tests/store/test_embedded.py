"""The private MongoDB: found, started, refused in one sentence, restarted, cleaned up after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from store import embedded, mongod
from store.data_folder import amend_record, read_record
from store.embedded import EmbeddedMongo, running_uri
from store.mongod import EmbeddedError, find_mongod

OWNER = """
import sys, pathlib
from store.embedded import EmbeddedMongo
mongo = EmbeddedMongo(pathlib.Path(sys.argv[1]), fast=True)
mongo.start()
print(mongo.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    mongo = EmbeddedMongo(tmp_path / "data", fast=True)
    yield mongo
    # It would take its time to end neatly, and what it has stored is of no use any more.
    if mongo._process is not None:
        mongo._process.kill()
    mongo.stop()


def things(mongo: EmbeddedMongo) -> Any:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo.uri(), serverSelectionTimeoutMS=5000)
    return client, client.get_default_database()["things"]


def count(mongo: EmbeddedMongo) -> int:
    client, collection = things(mongo)
    with client:
        found: int = collection.count_documents({})
        return found


def add_one(mongo: EmbeddedMongo) -> None:
    client, collection = things(mongo)
    with client:
        collection.insert_one({})


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while lives(pid):
        assert time.monotonic() < deadline, f"process {pid} still lives"
        time.sleep(0.02)


def old_mongod(folder: Path, version: str) -> Path:
    folder.mkdir()
    program = folder / "mongod"
    program.write_text(f"#!/bin/sh\necho 'db version v{version}'\n")
    program.chmod(0o755)
    return program


def test_transactions_work_and_what_was_stored_is_there_after_a_restart_also_on_another_port(
    mongo: EmbeddedMongo,
) -> None:
    mongo.start()
    client, collection = things(mongo)
    with client, client.start_session() as session, session.start_transaction():
        collection.insert_one({}, session=session)
        collection.insert_one({}, session=session)
    port = mongo.port
    mongo.stop()
    assert running_uri(mongo.data_folder) is None
    mongo.start()
    assert count(mongo) == 2
    assert mongo.port == port
    mongo.stop()
    # Its port was taken by somebody else meanwhile.
    amend_record(mongo.data_folder, mongo_port=None)
    mongo.start()
    assert mongo.port != port
    assert count(mongo) == 2


def test_a_second_start_is_refused_and_names_the_owner_until_that_stops_which_leaves_no_process(
    mongo: EmbeddedMongo,
) -> None:
    mongo.start()
    pid = mongo.pid
    assert pid is not None
    assert read_record(mongo.data_folder)["mongo_pid"] == pid
    with pytest.raises(EmbeddedError, match=f"already in use by process {os.getpid()}"):
        EmbeddedMongo(mongo.data_folder).start()
    assert running_uri(mongo.data_folder) == mongo.uri()
    # Stopping can be repeated.
    mongo.stop()
    mongo.stop()
    assert not lives(pid)
    assert "mongo_pid" not in read_record(mongo.data_folder)


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel tells a child of its parent's death on Linux only"
)
def test_mongod_ends_when_its_owner_is_killed(mongo: EmbeddedMongo) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, mongo.data_folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert lives(pid)
        owner.kill()
    wait_until_gone(pid)
    mongo.start()


def test_a_mongod_left_behind_is_ended_before_a_new_one_starts(
    mongo: EmbeddedMongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_dying_with_parent", lambda: None)
    mongo.start()
    add_one(mongo)
    left_behind = mongo._process
    assert left_behind is not None
    # What a killed owner leaves: its lock is free, its mongod lives on.
    assert mongo._lock is not None
    mongo._lock.close()
    mongo._lock = mongo._process = None
    successor = EmbeddedMongo(mongo.data_folder, fast=True)
    successor.start()
    try:
        assert left_behind.wait(10) is not None
        assert successor.pid != left_behind.pid
        assert count(successor) == 1
    finally:
        successor._process.kill()  # type: ignore[union-attr]
        successor.stop()


def test_a_stranger_with_the_number_of_our_former_mongod_is_left_alone(mongo: EmbeddedMongo) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        mongo.database_folder.mkdir(parents=True)
        (mongo.database_folder / "mongod.lock").write_text(f"{stranger.pid}\n")
        mongo.start()
        assert stranger.poll() is None
        stranger.kill()


def test_a_mongod_that_was_killed_is_started_again_on_its_port_with_its_data(mongo: EmbeddedMongo) -> None:
    # As in earnest: what was written survives.
    mongo.fast = False
    mongo.start()
    add_one(mongo)
    assert mongo.restart_if_dead() is False
    assert mongo._process is not None
    os.kill(mongo._process.pid, signal.SIGKILL)
    mongo._process.wait()
    port = mongo.port
    assert mongo.restart_if_dead() is True
    assert mongo.port == port
    assert count(mongo) == 1


def test_a_mongod_on_the_path_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = old_mongod(tmp_path / "bin", "7.0.2")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert find_mongod() == program


def test_an_old_mongod_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = old_mongod(tmp_path / "bin", "4.4.1")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert find_mongod() != program


@pytest.mark.parametrize("version", ["4.4.1", "5.0.30"])
def test_with_nothing_but_an_old_mongod_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("PATH", f"{old_mongod(tmp_path / 'bin', version).parent}:{os.environ['PATH']}")
    monkeypatch.setattr(mongod, "WHEELS", ())
    with pytest.raises(EmbeddedError, match="too old.*DATABASE_URL"):
        find_mongod()


def test_without_any_mongod_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(mongod, "WHEELS", ("no-such-distribution",))
    with pytest.raises(EmbeddedError, match=r"No usable MongoDB.*DATABASE_URL.*\.\[embedded\]"):
        find_mongod()


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be written"):
        EmbeddedMongo(tmp_path / "file" / "data").start()


def test_when_mongod_does_not_start_its_own_complaint_is_passed_on_and_the_folder_is_free(
    mongo: EmbeddedMongo,
) -> None:
    mongo.start()
    mongo.stop()
    (mongo.database_folder / "WiredTiger.turtle").write_text("nonsense")
    (mongo.database_folder / "WiredTiger.wt").write_text("nonsense")
    for _ in range(2):
        with pytest.raises(EmbeddedError, match="MongoDB did not start"):
            mongo.start()
