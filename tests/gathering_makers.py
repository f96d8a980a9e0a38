"""`Court`: a king with others in his gathering."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.booking_makers import World
from tests.pictures import picture
from thserver.domain.bookings import Booking
from thserver.domain.gatherings import Gathering
from thserver.domain.people import Person

SECRET = "a-secret-for-tests-only"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Court:
    """A king, two others, and what is kept of what they do."""

    def __init__(self, world: World, people: list[Person]) -> None:
        self.world = world
        self.services = world.services
        self.people = {person.id: person for person in people}
        self.king, self.ben, self.cat = people

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    async def gather(
        self,
        *others: Person,
        starts: datetime | None = None,
        title: str = "Board games",
        king: Person | None = None,
        description: str | None = None,
    ) -> Gathering:
        gathering = await self.services.gatherings.create(
            king or self.king,
            title=title,
            description=description,
            picture=await self.services.media.prepare(picture(), field="logo"),
            user_ids=[person.id for person in others],
            starts=starts,
        )
        await self.services.background.idle()
        return gathering

    async def leave(self, person: Person, gathering: Gathering) -> None:
        await self.services.gatherings.leave(person.id, gathering.id)
        await self.services.background.idle()

    async def kept(self, gathering: Gathering) -> Booking:
        booking = await self.world.database.bookings.get(gathering.id)
        assert booking is not None
        return booking

    async def document(self, gathering: Gathering) -> dict[str, Any]:
        found = await self.world.database.bookings._collection.find_one({"_id": gathering.id})
        assert found is not None
        return dict(found)

    def texts(self, person: Person, *, about: str = "") -> list[str]:
        """What the person read, codes aside."""
        assert person.phone is not None
        found = self.services.practice.carrier.texts_to(person.phone)
        return [text["body"] for text in found if " code is " not in text["body"] and about in text["body"]]
