"""A private MongoDB for those who have none: finds a mongod, runs it as a one-node replica set in the data folder.

One process at a time owns a data folder: it holds `<data>/lock` and writes what other commands need to
know (`mongo_port`, `mongo_pid`, …) into `<data>/service.json`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from store.data_folder import amend_record, locked, read_record
from store.mongod import EmbeddedError, find_mongod

REPLICA_SET = "rs0"
START_SECONDS = 30
PRIMARY_SECONDS = 90
STOP_SECONDS = 15
# In earnest, and in tests, which kill many processes.
TRANSACTION_SECONDS = {False: 10, True: 3}
LOG_LIMIT_BYTES = 10_000_000

_NOT_YET_INITIALIZED = 94
_EXIT_ADDRESS_IN_USE = 48


def embedded_uri(port: int, database: str = "thserver") -> str:
    return f"mongodb://127.0.0.1:{port}/{database}?replicaSet={REPLICA_SET}&directConnection=true"


def running_uri(data_folder: Path, database: str = "thserver") -> str | None:
    """The URI of the MongoDB that another process runs on this data folder, if one does."""
    try:
        lock = (data_folder / "lock").open("r")
    except OSError:
        return None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            port = read_record(data_folder).get("mongo_port")
            return embedded_uri(port, database) if isinstance(port, int) else None
    return None


class EmbeddedMongo:
    """One mongod on a data folder, from `start()` to `stop()`. `fast` trades durability for speed, for tests."""

    def __init__(self, data_folder: Path, *, fast: bool = False) -> None:
        self.data_folder = data_folder.absolute()
        self.fast = fast
        self.port = 0
        self._lock: IO[str] | None = None
        self._mongod: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database_folder(self) -> Path:
        return self.data_folder / "mongo"

    @property
    def log_file(self) -> Path:
        return self.data_folder / "mongo.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def uri(self, database: str = "thserver") -> str:
        return embedded_uri(self.port, database)

    def start(self) -> None:
        """Take the folder, start mongod and wait until it accepts writes. Raises EmbeddedError."""
        self._mongod = self._mongod or find_mongod()
        self._take_folder()
        try:
            self._stop_leftover()
            self._start_on_some_port()
            self._become_primary()
            amend_record(self.data_folder, mongo_port=self.port, mongo_pid=self.pid)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End mongod, wait until it is gone, and give the folder back. Harmless when nothing runs."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                try:
                    self._process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            self._process = None
        if self._lock is not None:
            with contextlib.suppress(OSError):
                amend_record(self.data_folder, mongo_pid=None)
            self._lock.close()
            self._lock = None

    def restart_if_dead(self) -> bool:
        """Start mongod again on its port if it ended by itself; it becomes primary on its own."""
        if self._process is None or self._process.poll() is None:
            return False
        self._process = self._spawn()
        amend_record(self.data_folder, mongo_pid=self.pid)
        return True

    def _take_folder(self) -> None:
        try:
            # What people told us is in here: nobody else on this machine may read it.
            self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.database_folder.mkdir(mode=0o700, exist_ok=True)
            lock = (self.data_folder / "lock").open("a+")
        except OSError as problem:
            raise EmbeddedError(
                f"The data folder {self.data_folder} cannot be written: {problem.strerror}."
            ) from problem
        if not locked(lock):
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise EmbeddedError(f"The data folder {self.data_folder} is already in use by process {owner}.")
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _stop_leftover(self) -> None:
        """End the mongod of a process that was killed: we hold the folder now, so nobody else uses it."""
        pid = self._leftover_pid()
        if pid is None:
            return
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self._leftover_pid() != pid:
                    return
                time.sleep(0.02)
        raise EmbeddedError(f"The MongoDB of an earlier run (process {pid}) does not stop; end it by hand.")

    def _leftover_pid(self) -> int | None:
        """The process that mongod's own lock file names, if it lives and serves exactly our folder."""
        try:
            pid = int((self.database_folder / "mongod.lock").read_text("ascii").strip() or 0)
        except (OSError, ValueError):
            return None
        if pid <= 0:
            return None
        return pid if str(self.database_folder) in _command_line(pid) else None

    def _start_on_some_port(self) -> None:
        wished = read_record(self.data_folder).get("mongo_port")
        for _ in range(5):
            self.port = wished if isinstance(wished, int) and _is_free(wished) else _free_port()
            self._process = self._spawn()
            if self._answers():
                return
            code, self._process = self._process.poll(), None
            if code != _EXIT_ADDRESS_IN_USE:
                raise EmbeddedError(f"MongoDB did not start: {self._last_complaint()} (see {self.log_file}).")
            wished = None
        raise EmbeddedError("MongoDB did not start: no port on 127.0.0.1 stayed free.")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with contextlib.suppress(OSError):
            if self.log_file.stat().st_size > LOG_LIMIT_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))
        command = [
            str(self._mongod),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--dbpath", str(self.database_folder)),
            *("--logpath", str(self.log_file), "--logappend", "--quiet"),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64" if self.fast else "512"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # What a process that was killed has left open must not keep others from the same documents for a minute.
            *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS[self.fast]}"),
            # Nobody else serves this set, so there is no use in waiting for clients to move elsewhere.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
        ]
        if self.fast:
            # Tests live at a clock of their own, by which nothing must vanish.
            command += ["--syncdelay", "0", "--setParameter", "ttlMonitorEnabled=false"]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # A session of its own: Ctrl-C at the terminal must not end it before the service.
                start_new_session=True,
                preexec_fn=_dying_with_parent(),
            )
        except OSError as problem:
            raise EmbeddedError(f"MongoDB did not start: {problem}.") from problem

    def _answers(self) -> bool:
        """Wait until the port accepts connections; False when mongod ended instead."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            time.sleep(0.02)
        raise EmbeddedError(f"MongoDB did not answer within {START_SECONDS} seconds (see {self.log_file}).")

    def _become_primary(self) -> None:
        me = f"127.0.0.1:{self.port}"
        with MongoClient[dict[str, Any]](
            me, directConnection=True, serverSelectionTimeoutMS=5000, socketTimeoutMS=60_000
        ) as client:
            deadline = time.monotonic() + PRIMARY_SECONDS
            while time.monotonic() < deadline:
                try:
                    self._configure(client, me)
                    if client.admin.command("hello").get("isWritablePrimary"):
                        return
                except AutoReconnect:
                    # It drops its clients when it finds another program on its former port.
                    pass
                except PyMongoError as problem:
                    raise EmbeddedError(
                        f"MongoDB did not get ready: {problem} (see {self.log_file})."
                    ) from problem
                time.sleep(0.02)
        raise EmbeddedError(
            f"MongoDB did not become primary within {PRIMARY_SECONDS} seconds (see {self.log_file})."
        )

    def _configure(self, client: MongoClient[dict[str, Any]], me: str) -> None:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as problem:
            if problem.code != _NOT_YET_INITIALIZED:
                raise
            config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": me}]}
            if self.fast:
                config["writeConcernMajorityJournalDefault"] = False
            client.admin.command("replSetInitiate", config)
            return
        if [member["host"] for member in config["members"]] != [me]:
            config["members"] = [{**config["members"][0], "host": me}]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _last_complaint(self) -> str:
        """The last error in mongod's log, in its own words."""
        with contextlib.suppress(OSError):
            for line in reversed(self.log_file.read_text("utf-8", "replace").splitlines()[-200:]):
                with contextlib.suppress(ValueError, AttributeError):
                    entry = json.loads(line)
                    if entry.get("s") in ("E", "F"):
                        attributes = entry.get("attr", {})
                        detail = attributes.get("error") or attributes.get("message") or ""
                        return f"{entry.get('msg')} {detail}".strip()
        return "it ended at once"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _command_line(pid: int) -> list[str]:
    """The words of a living process's command, empty when there is none."""
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")
        answer = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return answer.stdout.split()
    return []


def _dying_with_parent() -> Any:
    """On Linux: what makes mongod end neatly even when our process is killed. Bound to the starting thread."""
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, int(signal.SIGTERM), 0, 0, 0)
