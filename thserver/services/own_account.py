"""Changing one's own account where it has a single name and an uploaded picture."""

from __future__ import annotations

from typing import Any

from thserver.domain.media import Picture
from thserver.domain.people import Person, names_of
from thserver.services.media import Media
from thserver.services.people import People


class OwnAccount:
    def __init__(self, *, people: People, media: Media) -> None:
        self._people = people
        self._media = media

    async def change(self, person: Person, wanted: dict[str, Any], picture: Picture | None = None) -> Person:
        """`wanted` may hold `name` and `hidden_phone`. The former upload goes once the new one is shown."""
        changes: dict[str, Any] = {}
        if "name" in wanted:
            changes["first_name"], changes["last_name"] = names_of(wanted["name"])
        if "hidden_phone" in wanted:
            changes["hidden_phone"] = wanted["hidden_phone"]
        if picture is not None:
            image = await self._media.keep(picture, owner_id=person.id, purpose="avatar")
            changes["image_url"] = image.url_path
        # An address is asked for only where a new number is texted or a new address mailed.
        return await self._people.change_profile(person, {}, address="", also=changes)

    async def give_avatar(self, person: Person, data: bytes) -> Person:
        """Make this upload the person's picture. Raises Invalid(avatar=…)."""
        return await self.change(person, {}, await self._media.prepare(data, field="avatar"))
