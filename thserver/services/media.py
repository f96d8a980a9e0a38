"""Pictures that people upload: decoded, encoded anew, kept, and taken away when nobody shows them any more."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from store.database import Database
from store.media import BUCKET, FileServer
from thserver.domain import media
from thserver.domain.errors import Invalid
from thserver.domain.media import Image, Picture, Purpose
from thserver.domain.people import Person
from thserver.domain.ports import Clock

# An upload is attached to something within seconds, or its process has died.
IN_DOUBT_FOR = timedelta(hours=1)

# Which of these pictures (their ids, with their owners') are shown by somebody.
Shown = Callable[[Mapping[str, int]], Awaitable[set[str]]]


class Decoder(Protocol):
    async def prepare(self, data: bytes) -> Picture: ...

    def close(self) -> None: ...


class Media:
    """`shown_as` tells the sweep for each purpose what is in use; a purpose that nobody speaks for is left alone."""

    def __init__(self, *, database: Database, clock: Clock, images: Decoder) -> None:
        self._media = database.media
        self._people = database.people
        self._clock = clock
        self._images = images
        self._shown: dict[Purpose, Shown] = {"avatar": self._shown_avatars}

    def shown_as(self, purpose: Purpose, shown: Shown) -> None:
        self._shown[purpose] = shown

    async def prepare(self, data: bytes, *, field: str) -> Picture:
        """Look at an upload without keeping it. Raises Invalid for `field`: not_an_image or image_too_large."""
        try:
            return await self._images.prepare(data)
        except Invalid as refusal:
            raise Invalid({field: refusal.problems["image"]}) from refusal

    async def keep(self, picture: Picture, *, owner_id: int, purpose: Purpose) -> Image:
        image = Image(f"{secrets.token_hex(16)}.{picture.extension}")
        await self._media.add(
            image.id,
            data=picture.data,
            thumb=picture.thumb,
            owner_id=owner_id,
            purpose=purpose,
            now=self._clock.now(),
        )
        return image

    async def store_image(self, data: bytes, *, owner_id: int, purpose: Purpose) -> Image:
        """Both in one. Raises Invalid(avatar=…) or Invalid(logo=…)."""
        picture = await self.prepare(data, field=purpose)
        return await self.keep(picture, owner_id=owner_id, purpose=purpose)

    async def doubt(self, image_id: str, *, owner_id: int, purpose: Purpose) -> None:
        """Let the sweep look whether this is still shown: to be said before it is taken out of use."""
        await self._media.doubt(image_id, owner_id=owner_id, purpose=purpose, now=self._clock.now())

    async def remove(self, image_id: str, *, owner_id: int, purpose: Purpose) -> None:
        """Take away this person's picture; one that is another's stays."""
        if await self._media.owned(image_id, owner_id):
            await self._media.doubt(image_id, owner_id=owner_id, purpose=purpose, now=self._clock.now())
            await self._media.remove(image_id)

    @contextlib.asynccontextmanager
    async def replacing_avatar(self, person: Person, url: str | None) -> AsyncIterator[None]:
        """Around the change of a person's picture to `url`: his former upload goes once the change is made."""
        former = person.avatar_id
        if former is None or media.image_id_in(url) == former:
            yield
            return
        # In doubt first: should the process die after the change, the sweep finds it.
        if await self._media.owned(former, person.id):
            await self._media.doubt(former, owner_id=person.id, purpose="avatar", now=self._clock.now())
        yield
        await self.remove(former, owner_id=person.id, purpose="avatar")

    @staticmethod
    def url(image_id: str, base_url: str) -> str:
        return base_url + media.url_path(image_id)

    @staticmethod
    def thumb_url(image_id: str, base_url: str) -> str:
        return base_url + media.url_path(media.thumb_id(image_id))

    async def collect_orphans(self) -> int:
        """Take away what is in doubt for long and shown by nobody; says how many pictures."""
        before = self._clock.now() - IN_DOUBT_FOR
        removed = 0
        for purpose, shown in self._shown.items():
            owners = {
                doubt.image_id: doubt.owner_id for doubt in await self._media.doubts(purpose, before=before)
            }
            if not owners:
                continue
            in_use = await shown(owners) & owners.keys()
            await self._media.trust(in_use, before=before)
            for image_id in owners.keys() - in_use:
                await self._media.remove(image_id)
                removed += 1
        return removed

    # What the route needs to serve files through Motor.

    @property
    def bucket(self) -> str:
        return BUCKET

    def for_motor(self) -> Any:
        return self._media.for_motor()

    async def close(self) -> None:
        self._images.close()
        await self._media.close()

    async def _shown_avatars(self, images: Mapping[str, int]) -> set[str]:
        owners = await self._people.many(images.values())
        return {person.avatar_id for person in owners.values() if person.avatar_id is not None}


__all__ = ["Decoder", "FileServer", "Media"]
