"""An exported person on disk: written as a zip or a folder, whole or not at all; read back with suspicion."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from thserver.commands.inside import WRONG_INPUT, CommandProblem
from thserver.domain import person_files
from thserver.domain.person_files import (
    FORMAT,
    LARGEST_IN_ALL,
    MANIFEST,
    MOST_FILES,
    VERSION,
    most_bytes,
)

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class Writer:
    """Collects files beside the target and puts them in its place at the end; readable by their owner only."""

    def __init__(self, target: Path, *, made: datetime) -> None:
        self._target = target
        self._made = made.astimezone(UTC)
        self._is_zip = target.suffix == ".zip"
        self._draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        self._zip: zipfile.ZipFile | None = None
        self.files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Writer:
        if self._target.exists() or self._target.is_symlink():
            raise CommandProblem(
                f"{self._target} is there already: name another file, or take it away.", WRONG_INPUT
            )
        try:
            if self._is_zip:
                descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                self._zip = zipfile.ZipFile(os.fdopen(descriptor, "wb"), "w", zipfile.ZIP_DEFLATED)
            else:
                self._draft.mkdir(PRIVATE_FOLDER)
        except OSError as problem:
            raise CommandProblem(
                f"{self._target} cannot be written: {problem.strerror}.", WRONG_INPUT
            ) from None
        return self

    def add(self, name: str, content: bytes, **about: Any) -> None:
        self._write(name, content)
        self.files[name] = {**about, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def add_json(self, name: str, value: Any, **about: Any) -> None:
        self.add(name, _json(value), **about)

    def finish(self, manifest: dict[str, Any]) -> None:
        """The manifest goes last: what has none is no whole export."""
        self._write(MANIFEST, _json({**manifest, "files": self.files}))

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._zip is not None:
            stream = self._zip.fp
            self._zip.close()
            if stream is not None:
                stream.close()
        if kind is None:
            self._draft.rename(self._target)
        elif self._is_zip:
            self._draft.unlink(missing_ok=True)
        else:
            shutil.rmtree(self._draft, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> None:
        if self._zip is not None:
            information = zipfile.ZipInfo(name, self._made.timetuple()[:6])
            information.compress_type = zipfile.ZIP_DEFLATED
            information.external_attr = PRIVATE_FILE << 16
            self._zip.writestr(information, content)
            return
        path = self._draft / name
        path.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            file.write(content)


def read(source: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and every file that it lists, checked against it. Raises CommandProblem for whatever no export of
    ours would have: other names, too much, another sum, a link, a file that the manifest does not know."""
    try:
        contents = _from_folder(source) if source.is_dir() else _from_zip(source)
    except (
        OSError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as problem:
        said = getattr(problem, "strerror", None) or "it is no zip file that can be read"
        raise CommandProblem(f"{source} cannot be read: {said}.", WRONG_INPUT) from None
    except Exception as problem:
        # A broken stream raises whatever its decompressor does.
        if type(problem).__module__ not in ("zlib", "lzma", "struct"):
            raise
        raise CommandProblem(f"{source} cannot be read: it is damaged.", WRONG_INPUT) from None
    if MANIFEST not in contents:
        raise _no_export(source, f"it has no {MANIFEST}")
    manifest = parsed(contents.pop(MANIFEST), MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _no_export(source, f"{MANIFEST} does not say so")
    if manifest.get("version") != VERSION:
        raise CommandProblem(
            f"{source} is of version {str(manifest.get('version'))[:20]}, and this service reads version {VERSION}.",
            WRONG_INPUT,
        )
    listed = manifest.get("files")
    if not isinstance(listed, dict) or set(listed) != set(contents):
        raise _no_export(source, "its files are not those that its manifest lists")
    for name, content in contents.items():
        about = listed[name]
        if not isinstance(about, dict) or about.get("sha256") != hashlib.sha256(content).hexdigest():
            raise CommandProblem(f"{source} is damaged: {name} is not what the manifest says.", WRONG_INPUT)
    return manifest, contents


def parsed(content: bytes, name: str) -> Any:
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError):
        raise CommandProblem(f"{name} is no JSON.", WRONG_INPUT) from None


def _from_zip(source: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    in_all = 0
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_FILES:
            raise _no_export(source, f"it has more than {MOST_FILES} files")
        for entry in entries:
            most = _checked(source, entry.filename, contents)
            if entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
                raise _no_export(source, f"{entry.filename[:80]!r} is a folder, a link or encrypted")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _no_export(source, f"{entry.filename[:80]!r} is packed in another way")
            with archive.open(entry) as stream:
                contents[entry.filename] = _bounded(source, stream, most, LARGEST_IN_ALL - in_all)
            in_all += len(contents[entry.filename])
    return contents


def _from_folder(source: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    in_all = 0
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink():
            raise _no_export(source, f"{name[:80]!r} is a link")
        if path.is_dir():
            continue
        most = _checked(source, name, contents)
        if not path.is_file() or len(contents) >= MOST_FILES:
            raise _no_export(source, f"{name[:80]!r} is no file, or there are more than {MOST_FILES}")
        with path.open("rb") as stream:
            contents[name] = _bounded(source, stream, most, LARGEST_IN_ALL - in_all)
        in_all += len(contents[name])
    return contents


def _checked(source: Path, name: str, known: dict[str, bytes]) -> int:
    most = most_bytes(name)
    if most is None or name in known:
        raise _no_export(source, f"{name[:80]!r} is in it{' twice' if name in known else ''}")
    return most


def _bounded(source: Path, stream: IO[bytes], most: int, left: int) -> bytes:
    """What is really in the stream counts, not what the file says of itself."""
    content = stream.read(min(most, left) + 1)
    if len(content) > min(most, left):
        raise _no_export(source, "it is too large")
    return content


def _no_export(source: Path, why: str) -> CommandProblem:
    return CommandProblem(f"{source} is no export of a person: {why}.", WRONG_INPUT)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False).encode()


__all__ = ["Writer", "parsed", "person_files", "read"]
