"""`command(*words)`: a command as one types it, on this test's database and data folder, in a thread of its own.

Its exit code and what it printed to standard output and standard error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from thserver.__main__ import main
from thserver.gateways.password_hasher import PasswordHasher


class Printed(NamedTuple):
    code: int
    out: str
    err: str


HASHED_CHEAPLY = {**(PasswordHasher.__init__.__kwdefaults__ or {}), "memory_in_kib": 8, "passes": 1}
Command = Callable[..., Awaitable[Printed]]


@pytest.fixture
def command(
    mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    monkeypatch.chdir(tmp_path)
    # Every command hashes a password as it starts.
    monkeypatch.setattr(PasswordHasher.__init__, "__kwdefaults__", HASHED_CHEAPLY)
    for name, value in {
        "DEBUG": "True",
        "SECRET_KEY": "a-secret-for-tests-only",
        "DATABASE_URL": mongo_uri,
        "DATA_DIR": str(tmp_path),
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    async def command(*words: str) -> Printed:
        capsys.readouterr()
        code = await asyncio.to_thread(_exit_code, words)
        return Printed(code, *capsys.readouterr())

    yield command
    root.handlers[:] = before
    root.setLevel(level)


def _exit_code(words: tuple[str, ...]) -> int:
    try:
        return main(words)
    except SystemExit as ended:
        # How argparse refuses what it does not understand.
        return int(ended.code or 0)
