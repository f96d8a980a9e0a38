"""Pictures are kept with their thumbnails, and whatever a crash leaves is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.makers import make_person
from tests.pictures import opened, picture
from thserver.domain.errors import Invalid
from thserver.domain.media import Image, thumb_id
from thserver.gateways.images import Images
from thserver.services.all import Services
from thserver.services.media import Media


class Crash(Exception):
    """The process dies here."""


async def kept(database: Database) -> set[str]:
    return {found["_id"] async for found in database.media_files._collection.find()}


async def chunks(database: Database) -> set[str]:
    return set(await database.media_chunks._collection.distinct("files_id"))


async def test_a_picture_is_kept_with_its_thumbnail(services: Services, database: Database) -> None:
    image = await services.media.store_image(picture(size=(400, 400)), owner_id=1, purpose="logo")
    assert len(image.id.partition(".")[0]) == 32
    assert await kept(database) == {image.id, thumb_id(image.id)}
    stream = await database.media._bucket.open_download_stream(thumb_id(image.id))
    assert opened(await stream.read()).size == (200, 200)
    assert services.media.url(image.id, "http://x") == f"http://x/media/{image.id}"
    assert services.media.thumb_url(image.id, "http://x") == f"http://x/media/{thumb_id(image.id)}"


async def test_ids_can_not_be_guessed_from_others(services: Services) -> None:
    ids = {(await services.media.store_image(picture(), owner_id=1, purpose="logo")).id for _ in range(20)}
    assert len(ids) == 20


async def test_a_refusal_names_the_field(services: Services) -> None:
    for purpose in ("avatar", "logo"):
        with pytest.raises(Invalid) as refusal:
            await services.media.store_image(b"no", owner_id=1, purpose=purpose)
        assert refusal.value.problems == {purpose: "not_an_image"}


async def test_only_its_owner_can_have_a_picture_removed(services: Services, database: Database) -> None:
    image = await services.media.store_image(picture(), owner_id=1, purpose="logo")
    await services.media.remove(image.id, owner_id=2, purpose="logo")
    assert image.id in await kept(database)
    await services.media.remove(image.id, owner_id=1, purpose="logo")
    await services.media.remove(image.id, owner_id=1, purpose="logo")
    assert await kept(database) == set()
    assert await chunks(database) == set()


async def test_an_avatar_in_use_survives_every_sweep(
    services: Services, database: Database, clock: FakeClock
) -> None:
    person = await services.own_account.give_avatar(await make_person(services), picture())
    for _ in range(3):
        clock.advance(hours=2)
        assert await services.media.collect_orphans() == 0
    assert person.avatar_id in await kept(database)
    assert await database.media._collection.count_documents({}) == 0


async def test_an_upload_that_nobody_shows_is_collected_after_an_hour(
    services: Services, database: Database, clock: FakeClock
) -> None:
    # The process died after keeping the picture and before the person's change.
    await services.media.store_image(picture(), owner_id=1, purpose="avatar")
    assert await services.media.collect_orphans() == 0
    clock.advance(hours=2)
    assert await services.media.collect_orphans() == 1
    assert await services.media.collect_orphans() == 0
    assert await kept(database) == set()


@pytest.mark.parametrize("survives", [0, 1])
async def test_an_upload_that_broke_off_is_collected(
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    survives: int,
) -> None:
    bucket: Any = database.media._bucket
    upload = bucket.upload_from_stream_with_id
    done = 0

    async def breaks_off(name: str, *args: Any, **kwargs: Any) -> None:
        nonlocal done
        if done == survives:
            # One chunk is written, and no file.
            await database.media_chunks._collection.insert_one({"files_id": name, "n": 0, "data": b"x"})
            raise Crash
        done += 1
        await upload(name, *args, **kwargs)

    monkeypatch.setattr(bucket, "upload_from_stream_with_id", breaks_off)
    with pytest.raises(Crash):
        await services.media.store_image(picture(), owner_id=1, purpose="avatar")
    clock.advance(hours=2)
    assert await services.media.collect_orphans() == 1
    assert await kept(database) == set()
    assert await chunks(database) == set()


async def test_a_former_avatar_whose_removal_broke_off_is_collected(
    services: Services, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await services.own_account.give_avatar(await make_person(services), picture())
    clock.advance(hours=2)
    await services.media.collect_orphans()

    async def dies(image_id: str) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(database.media, "remove", dies)
        with pytest.raises(Crash):
            await services.own_account.give_avatar(person, picture())
    now = await database.people.get(person.id)
    assert now is not None
    assert now.avatar_id != person.avatar_id
    clock.advance(hours=2)
    assert await services.media.collect_orphans() == 1
    assert now.avatar_id is not None
    assert await kept(database) == {now.avatar_id, thumb_id(now.avatar_id)}


async def test_half_a_removal_is_finished(services: Services, database: Database, clock: FakeClock) -> None:
    image = await services.media.store_image(picture(), owner_id=1, purpose="avatar")
    # The row is gone and the chunks are not.
    await database.media_files._collection.delete_one({"_id": image.id})
    clock.advance(hours=2)
    await services.media.collect_orphans()
    assert await chunks(database) == set()


async def test_a_purpose_that_nobody_speaks_for_is_left_alone(database: Database, clock: FakeClock) -> None:
    media = Media(database=database, clock=clock, images=Images())
    used = await media.store_image(picture(), owner_id=1, purpose="logo")
    unused = await media.store_image(picture(), owner_id=2, purpose="logo")
    clock.advance(hours=2)
    assert await media.collect_orphans() == 0
    asked: list[Mapping[str, int]] = []

    async def shown(images: Mapping[str, int]) -> set[str]:
        asked.append(images)
        return {used.id}

    media.shown_as("logo", shown)
    assert await media.collect_orphans() == 1
    await media.close()
    assert asked == [{used.id: 1, unused.id: 2}]
    assert await kept(database) == {used.id, thumb_id(used.id)}


async def test_there_is_no_row_without_its_file(services: Services, database: Database) -> None:
    image: Image = await services.media.store_image(picture(), owner_id=1, purpose="avatar")
    for name in (image.id, thumb_id(image.id)):
        stream = await database.media._bucket.open_download_stream(name)
        assert len(await stream.read()) == stream.length


async def test_an_account_keeps_its_picture_when_the_service_moves(
    services: Services, database: Database
) -> None:
    person = await services.own_account.give_avatar(await make_person(services), picture())
    database.people.base_url = "https://api.example.com"
    moved = await database.people.get(person.id)
    assert moved is not None
    assert moved.image_url == f"https://api.example.com/media/{person.avatar_id}"
