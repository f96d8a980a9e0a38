"""`thserver import`: brings an exported person over whole or not at all, twice like once, and believes no file."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from store.database import Database
from tests.booking_makers import World
from tests.commands.conftest import Command
from tests.import_makers import ANN, UUID, everything, written
from tests.makers import mailed_token, make_hero, make_person
from tests.pictures import picture
from thserver.domain.people import Person
from thserver.domain.person_imports import read
from thserver.services.all import Services
from thserver.services.person_import import CameOver, CannotComeOver


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
