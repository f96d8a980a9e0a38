"""`thserver export`: everything about one person and nothing about others, without anything that opens a door."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from store.personal_data import HELD, Holding
from tests.booking_makers import World, agree_on_call
from tests.commands.conftest import Command
from tests.makers import PASSWORD, make_person, token_of
from tests.money_makers import make_call, settle
from tests.pictures import picture
from thserver.domain.people import Person
from thserver.services.reminders import pin_of


async def a_full_life(world: World) -> tuple[Person, Person, list[str]]:
    """A guest who has done a bit of everything, his host, and secrets that nobody may read."""
    services, database = world.services, world.database
    # With the letters that tell the PIN.
    call = await make_call(world, agree=agree_on_call)
    await settle(world)
    guest, host = call.guest, call.host
    booking = await database.bookings.get(call.booking.id)
    assert booking is not None
    pin = pin_of(call.booking, guest.id, "a-secret-for-tests-only") or ""
    await services.contacts.add(guest, names=["Mum"], phones=["+13125550199"])
    await services.blacklist.add(host, guest.id)
    token = await token_of(services, guest)
    await services.outbox.add_text(
        key="reminder:x", to=guest.phone or "", person_id=guest.id, purpose="reminder",
        body="Dial +1 202-555-0100. PIN 482913 if asked.",
    )  # fmt: skip
    await services.passwords.mail_reset(guest.email or "", address="198.51.100.9")
    image = await services.media.store_image(picture(), owner_id=guest.id, purpose="avatar")
    await database.people.change(guest.id, {"image_url": f"/media/{image.id}"})
    await services.background.idle()
    found = await database.people._collection.find_one({"_id": guest.id})
    assert found is not None
    secrets = [pin, token, PASSWORD, found["password_hash"], found["tokens"][0]["hash"], "482913"]
    return guest, host, [secret for secret in secrets if secret]


async def database_row_fails(world: World, key: str) -> None:
    await world.database.outbox._collection.update_one({"_id": key}, {"$set": {"state": "failed"}})


def zips(folder: Path) -> list[Path]:
    """Hidden drafts, too."""
    return [path for path in folder.iterdir() if ".zip" in path.name]


def contents(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name)
            for name in archive.namelist()
        }


async def test_everything_about_somebody_is_there_and_nothing_that_opens_a_door(
    world: World, command: Command, tmp_path: Path
) -> None:
    guest, host, secrets = await a_full_life(world)
    await database_row_fails(world, "reminder:x")
    await command("resend", "reminder:x")
    code, out, err = await command("export", guest.email or "", "-o", "guest.zip")
    assert (code, err) == (0, "")
    assert "rows in" in out
    target = tmp_path / "guest.zip"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    found = contents(target)
    manifest = found.pop("manifest.json")
    assert manifest["person"] == {"id": guest.id, "uuid": guest.uuid}
    assert set(manifest["files"]) == set(found)
    assert {f"data/{name}.json" for name, held in HELD.items() if isinstance(held, Holding)} <= set(found)
    with zipfile.ZipFile(target) as archive:
        for name, about in manifest["files"].items():
            content = archive.read(name)
            assert (about["bytes"], about["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        whole = "\n".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    for secret in secrets:
        assert secret not in whole
    assert not re.search(r"\$argon2|gAAAA", whole)
    rows = {name.removeprefix("data/").removesuffix(".json"): value for name, value in found.items()}
    assert rows["people"][0]["phone"] == guest.phone
    assert rows["people"][0]["sign_ins"]
    for name in ("bookings", "conferences", "charges", "ledger", "wallets", "contacts", "outbox"):
        assert rows[name], name
    texts = [row["body"] for row in rows["outbox"] if row["purpose"] == "reminder" and "body" in row]
    assert "Dial +1 202-555-0100. PIN ······ if asked." in texts
    assert rows["blacklist"] == []
    assert [name for name in found if name.startswith("media/")]
    assert [row["action"] for row in rows["staff_actions"]] == ["send again", "export"]


async def test_a_host_reads_what_he_was_paid_and_not_with_which_card(
    world: World, command: Command, tmp_path: Path
) -> None:
    call = await make_call(world)
    await settle(world)
    await command("export", str(call.host.id), "-o", "host.zip")
    found = contents(tmp_path / "host.zip")
    (charge,) = found["data/charges.json"]
    assert (charge["amount_in_cents"], charge["payer_id"]) == (3000, call.guest.id)
    assert "attempts" not in charge
    whole = json.dumps({name: value for name, value in found.items() if name.endswith(".json")})
    assert str(call.guest.phone) not in whole
    assert str(call.guest.email) not in whole


async def test_whoever_stands_on_a_grey_list_is_not_told(
    world: World, command: Command, tmp_path: Path
) -> None:
    holder, grey = await make_person(world.services), await make_person(world.services)
    at = world.services.clock.now()
    for level in ("grey_list", "lifelink"):
        await world.database.friendships._collection.insert_one(
            {
                "_id": level, "holder_id": holder.id, "person_id": grey.id, "level": level, "status": "accepted",
                "email": level, "first_name": "x", "token_hash": f"hash of {level}", "invitation": 1, "created": at, "updated": at,
            }
        )  # fmt: skip
    await command("export", str(grey.id), "-o", "grey.zip")
    assert [row["level"] for row in contents(tmp_path / "grey.zip")["data/friendships.json"]] == ["lifelink"]
    await command("export", str(holder.id), "-o", "holder.zip")
    assert len(contents(tmp_path / "holder.zip")["data/friendships.json"]) == 2


async def test_a_folder_is_the_same_without_packing(world: World, command: Command, tmp_path: Path) -> None:
    person = await make_person(world.services)
    assert (await command("export", str(person.id), "-o", "person")).code == 0
    assert stat.S_IMODE((tmp_path / "person").stat().st_mode) == 0o700
    rows = json.loads((tmp_path / "person" / "data" / "people.json").read_text())
    assert rows[0]["uuid"] == person.uuid


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody", "-o", "x.zip"), 1, "nobody has"),
        (("{id}", "-o", "there.zip"), 2, "is there already"),
        (("{id}", "-o", "no/such/x.zip"), 2, "there is no folder"),
        (("{id}",), 2, "required"),
    ],
)
async def test_what_cannot_be_exported_leaves_nothing_behind(
    world: World, command: Command, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    person = await make_person(world.services)
    (tmp_path / "there.zip").write_bytes(b"mine")
    printed = await command("export", *(word.format(id=person.id) for word in words))
    assert (printed.code, said in printed.err, "Traceback" in printed.err) == (code, True, False)
    assert (tmp_path / "there.zip").read_bytes() == b"mine"
    assert sorted(path.name for path in zips(tmp_path)) == ["there.zip"]
