"""`thserver import`: brings an exported person over whole or not at all, twice like once, and believes no file."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from tests.booking_makers import World
from tests.commands.conftest import Command
from tests.makers import mailed_token, make_hero, make_person
from tests.pictures import picture
from thserver.domain.people import Person
from thserver.domain.person_imports import read
from thserver.services.all import Services
from thserver.services.person_import import CameOver, CannotComeOver

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
Parts = dict[str, list[dict[str, Any]]]
ANN: dict[str, Any] = {
    "id": 7,
    "uuid": UUID,
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.com",
    "email_verified": True,
    "phone": "+13125550123",
    "username": "ann.lee",
    "slug": "ann-lee",
    "timezone": "America/Chicago",
    "is_staff": True,
    "password_hash": "$argon2id$planted",
    "sign_ins": [{"contract": "heroes", "expires": "2027-01-01T00:00:00Z"}],
}


def written(path: Path, parts: Parts, *, files: dict[str, bytes] | None = None, **manifest: Any) -> Path:
    """An export with these parts, as somebody could make it by hand."""
    contents = {f"data/{name}.json": json.dumps(rows).encode() for name, rows in parts.items()}
    contents |= files or {}
    listed = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()}
    facts = {"format": "thserver-person", "version": 1, "files": listed, **manifest}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(facts))
    return path


async def everything(database: Database) -> dict[str, int]:
    return {
        name: await getattr(database, name)._collection.count_documents({})
        for name in (
            "people",
            "heroes",
            "skills",
            "contacts",
            "availability",
            "mentor_profiles",
            "media_files",
        )
    }


async def a_hero_with_everything(world: World) -> Person:
    services = world.services
    person = await make_person(services, first_name="Tom", last_name="Brady", phone="+13125550144")
    await make_hero(services, person)
    image = await services.media.store_image(picture(), owner_id=person.id, purpose="avatar")
    await world.database.people.change(person.id, {"image_url": f"/media/{image.id}", "bio": "Throws far."})
    await services.contacts.add(person, names=["Mum", "Dad"], phones=["+13125550001", "+13125550002"])
    await services.skills.add(person.id, category_id=1, name="Python", level="expert")
    await services.mentors.add_profile(person.id, about_me="Me", skills=["Go"], team_number=3)
    found = await world.database.people.get(person.id)
    assert found is not None
    return found


async def wiped(database: Database) -> None:
    """Another installation: the same database, with other people in it."""
    await database.empty()
    await database.numbers.next("people", 40)


async def test_whoever_is_exported_is_the_same_in_another_installation(
    world: World, database: Database, command: Command
) -> None:
    tom = await a_hero_with_everything(world)
    await command("export", str(tom.id), "-o", "tom.zip")
    await wiped(database)
    code, out, err = await command("import", "tom.zip", "--proven")
    assert (code, err) == (0, "")
    assert "contacts\t2\t0\n" in out
    there = await database.people.with_uuid(tom.uuid)
    assert there is not None
    assert there.id > 40
    for name in ("first_name", "last_name", "email", "email_verified", "phone", "bio", "timezone", "slug"):
        assert getattr(there, name) == getattr(tom, name), name
    hero = await database.heroes.of_person(there.id)
    assert hero is not None
    assert (hero.title, hero.accepted, hero.decided) == (
        "Set up a production level REST API with Django",
        False,
        False,
    )
    assert await database.contacts.phones_of(there.id) == ["+13125550001", "+13125550002"]
    assert [skill.name for skill in await database.skills.of_person(there.id)] == ["Python"]
    assert there.avatar_id is not None
    assert there.avatar_id != tom.avatar_id
    assert await database.media.owned(there.avatar_id, there.id)
    before = await everything(database)
    code, out, _ = await command("import", "tom.zip", "--proven")
    assert code == 0
    assert f"He is here as person {there.id}" in out
    assert "contacts\t0\t2\n" in out
    assert await everything(database) == before


async def test_nobody_comes_over_as_staff_signed_in_or_with_a_password(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    written(tmp_path / "ann.zip", {"people": [ANN]})
    assert (await command("import", "ann.zip")).code == 0
    found = await database.people._collection.find_one({"uuid": UUID})
    assert found is not None
    assert not found.get("is_staff")
    assert "password_hash" not in found
    assert "tokens" not in found
    assert "sign_ins" not in found


async def test_address_and_number_are_to_be_proven_unless_staff_says_that_they_are(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    written(tmp_path / "ann.zip", {"people": [ANN]})
    await command("import", "ann.zip")
    ann = await database.people.with_uuid(UUID)
    assert ann is not None
    assert (ann.phone, ann.phone_pending) == (None, "+13125550123")
    assert (ann.email, ann.email_verified, ann.email_pending) == ("ann@example.com", False, "ann@example.com")
    services.clock.set(ann.created + timedelta(minutes=1))  # type: ignore[attr-defined]
    assert await services.confirmations.mail_left_over() == 1
    token = await mailed_token(services, "ann@example.com", length=10)
    assert (await services.people.prove_email(ann, token)).email_verified


async def test_what_is_somebody_elses_is_named_and_nothing_is_done(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    other = await make_person(services, phone="+13125550123", email="ann@example.com")
    before = await everything(database)
    contacts = [{"phone": "+13125550001", "name": "Mum"}]
    written(tmp_path / "ann.zip", {"people": [ANN], "contacts": contacts})
    code, out, err = await command("import", "ann.zip", "--proven")
    assert (code, err) == (1, "thserver: nothing was imported.\n")
    assert out.splitlines() == [
        f"conflict: the address ann@example.com is that of person {other.id} here",
        f"conflict: the number that ends in 0123 is that of person {other.id} here",
    ]
    assert json.loads((await command("import", "ann.zip", "--json")).out)["imported"] is False
    assert await everything(database) == before


async def test_whoever_is_faster_with_the_address_is_found_by_the_index(
    database: Database, services: Services
) -> None:
    found = read({"people": [ANN], "contacts": [{"phone": "+13125550001", "name": "Mum"}]})
    plan = await services.person_import.plan(found, proven=True)
    assert plan.conflicts == []
    await make_person(services, email="ann@example.com")
    with pytest.raises(CannotComeOver) as refused:
        await services.person_import.bring(found, plan, proven=True, picture=None)
    assert "ann@example.com" in refused.value.conflicts[0]
    assert await database.people.with_uuid(UUID) is None
    assert await database.contacts.count(plan.person_id) == 0


async def test_two_imports_at_once_are_one(database: Database, services: Services) -> None:
    found = read({"people": [ANN], "contacts": [{"phone": "+13125550001", "name": "Mum"}]})

    async def bring() -> CameOver:
        plan = await services.person_import.plan(found, proven=True)
        return await services.person_import.bring(found, plan, proven=True, picture=None)

    came = await asyncio.gather(*(bring() for _ in range(3)))
    assert sorted(each.is_new for each in came) == [False, False, True]
    assert len({each.person_id for each in came}) == 1
    assert (await everything(database))["contacts"] == 1


async def test_a_taken_room_gets_the_next_name_and_past_time_stays_behind(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    other = await make_person(services, first_name="Ann", last_name="Lee")
    await database.people.give_slug(other.id, "Ann Lee")
    windows = [
        {"id": 1, "starts": f"{year}-03-02T15:00:00Z", "ends": f"{year}-03-02T16:00:00Z"}
        for year in (2020, 2090)
    ]
    skills = [{"category_id": 999, "name": "Alchemy", "level": "expert"}]
    parts = {"people": [ANN], "availability": [{"id": 7, "windows": windows}], "skills": skills}
    written(tmp_path / "ann.zip", parts)
    checked = json.loads((await command("import", "ann.zip", "--check", "--json")).out)
    assert len(checked["left_out"]) == 2
    assert await database.people.with_uuid(UUID) is None
    code, out, _ = await command("import", "ann.zip")
    assert code == 0
    assert "left out: skill Alchemy: there is no category 999\n" in out
    ann = await database.people.with_uuid(UUID)
    assert ann is not None
    assert ann.slug == "ann-lee-2"
    found = await database.availability._collection.find_one({"_id": ann.id})
    assert found is not None
    assert len(found["windows"]) == 1


async def test_whoever_has_closed_his_account_here_does_not_come_back_by_a_file(
    database: Database, services: Services, command: Command, tmp_path: Path
) -> None:
    person = await make_person(services)
    await command("export", str(person.id), "-o", "person.zip")
    await services.closing.close(person)
    code, out, _ = await command("import", "person.zip")
    assert (code, "closed his account here" in out) == (1, True)


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
