"""`thserver import` believes no file: what is wrong with it is one sentence, and nothing has been done."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from tests.commands.conftest import Command
from tests.import_makers import ANN, UUID, Parts, everything, written
from tests.pictures import picture
from thserver.services.all import Services


def changed(**values: Any) -> Parts:
    return {"people": [{**ANN, **values}]}


WRONG: dict[str, tuple[Parts, str]] = {
    "nobody": ({"people": []}, "nobody is in it"),
    "two": ({"people": [ANN, ANN]}, "more than 1 rows"),
    "no rows": ({"people": [[]]}, "no list of rows"),  # type: ignore[list-item]
    "closed": (changed(closed="2026-01-01T00:00:00Z"), "no account"),
    "uuid": (changed(uuid="../../etc"), "uuid"),
    "zone": (changed(timezone="Mars/Base"), "timezone"),
    "phone": (changed(phone="911"), "phone"),
    "email": (changed(email="a@b"), "email"),
    "nul": (changed(first_name="A\x00"), "first_name"),
    "half a character": (changed(bio="\ud800"), "bio"),
    "long": (changed(bio="x" * 3000), "bio"),
    "type": (changed(is_active="yes"), "is_active"),
    "script": (changed(image_url="javascript:alert(1)"), "image_url"),
    "operator": (changed(first_name={"$gt": ""}), "first_name"),
    "rate": (
        {"people": [ANN], "heroes": [{"discipline": "BE", "years_of_exp": 3, "rate_in_cents": 10**9}]},
        "rate_in_cents is too large",
    ),
    "overlap": (
        {
            "people": [ANN],
            "availability": [
                {"windows": [{"starts": "2090-01-01T00:00:00Z", "ends": "2090-01-02T00:00:00Z"}] * 2}
            ],
        },
        "two windows overlap",
    ),
    "before all calendars": (
        {"people": [ANN], "availability": [{"windows": [{"starts": "0001-01-01T00:00:00+14:00"}]}]},
        "availability: starts is far from any time of ours",
    ),
    "after all calendars": (
        {"people": [ANN], "availability": [{"windows": [{"starts": "9999-12-31T23:59:59Z"}]}]},
        "availability: starts is far from any time of ours",
    ),
    "contact": ({"people": [ANN], "contacts": [{"phone": "mum", "name": "Mum"}]}, "contacts: phone"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
async def test_a_part_that_is_not_as_it_must_be_is_refused_by_its_name(
    database: Database, command: Command, tmp_path: Path, name: str
) -> None:
    parts, said = WRONG[name]
    written(tmp_path / "wrong.zip", parts)
    code, _, err = await command("import", "wrong.zip")
    assert (code, said in err, err.count("\n")) == (2, True, 1), err
    assert (await everything(database))["people"] == 0


def bomb(path: Path) -> None:
    written(path, {"people": [ANN]}, files={"media/" + "0" * 32 + ".png": b"\0" * (13 * 1024 * 1024)})


def climber(path: Path) -> None:
    written(path, {"people": [ANN]}, files={"../../evil.json": b"[]"})


def link(path: Path) -> None:
    written(path, {"people": [ANN]})
    entry = zipfile.ZipInfo("data/heroes.json")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")


def twice(path: Path) -> None:
    written(path, {"people": [ANN]})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("data/people.json", "[]")


def unlisted(path: Path) -> None:
    written(path, {"people": [ANN]})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("data/contacts.json", "[]")


def tampered(path: Path) -> None:
    written(path, {"people": [ANN]}, files={"data/heroes.json": b"[]"})
    broken = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(broken, "w") as other:
        for name in archive.namelist():
            other.writestr(name, b"[{}]" if name == "data/heroes.json" else archive.read(name))
    path.write_bytes(broken.getvalue())


def damaged(path: Path) -> None:
    written(path, {"people": [ANN]})
    content = bytearray(path.read_bytes())
    content[45:60] = b"\xff" * 15
    path.write_bytes(bytes(content))


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bomb": (bomb, "too large"),
    "a path": (climber, "evil.json"),
    "a link": (link, "a link"),
    "a double": (twice, "twice"),
    "a stowaway": (unlisted, "manifest lists"),
    "another content": (tampered, "is damaged"),
    "damaged": (damaged, "cannot be read"),
    "no zip": (lambda path: path.write_bytes(b"PK nonsense"), "cannot be read"),
    "nothing": (lambda path: None, "there is no file"),
    "newer": (lambda path: written(path, {"people": [ANN]}, version=2), "version 2"),
    "brackets": (
        lambda path: written(
            path, {"people": [ANN]}, files={"data/heroes.json": b"[" + b"{}," * 3_000_000 + b"{}]"}
        ),
        "data/heroes.json is too large",
    ),
    "a terminal's orders": (
        lambda path: written(path, {"people": [ANN]}, version="\x1b[2J\nall is well"),
        "version  [2J all is well,",
    ),
    "another format": (lambda path: written(path, {"people": [ANN]}, format="x"), "is no export"),
    "deep": (
        lambda path: written(path, {}, files={"data/people.json": b"[" * 200_000}),
        "is no JSON",
    ),
}


@pytest.mark.parametrize("name", sorted(FILES))
async def test_a_file_that_is_no_export_of_ours_is_one_sentence(
    database: Database, command: Command, tmp_path: Path, name: str
) -> None:
    make, said = FILES[name]
    make(tmp_path / "file.zip")
    code, _, err = await command("import", "file.zip")
    assert (code, said in err, err.count("\n")) == (2, True, 1), err
    assert (await everything(database))["people"] == 0


async def test_a_picture_that_is_none_is_a_conflict(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    name = "0" * 32 + ".png"
    with_picture = changed(image_url=f"/media/{name}")
    written(tmp_path / "ann.zip", with_picture, files={f"media/{name}": b"no picture"})
    code, out, _ = await command("import", "ann.zip")
    assert (code, "his picture is none" in out) == (1, True)
    written(tmp_path / "ann.zip", with_picture, files={f"media/{name}": picture("PNG")})
    assert (await command("import", "ann.zip")).code == 0
    ann = await database.people.with_uuid(UUID)
    assert ann is not None
    assert ann.avatar_id is not None
