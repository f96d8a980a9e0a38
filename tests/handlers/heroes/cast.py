"""Who plays in the tests of call requests: a user and a hero with their tokens, a stranger, and good bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.fields import utc_text
from store.booking_documents import to_document
from tests.booking_makers import (
    World,
    make_accepted_request,
    make_request,
    three_times,
)
from tests.clients.http import Answer, Api
from thserver.domain.bookings import Booking
from thserver.domain.heroes import Hero
from thserver.domain.people import Person

ROOT = "/api/v1/call-requests"
KEYS = {
    "id",
    "user",
    "hero",
    "message",
    "estimated_length",
    "status",
    "reason",
    "times",
    "agreed_time",
    "created",
    "updated",
}
TIMES_KEYS = {"user", "datetime_one", "datetime_two", "datetime_three", "timestamp"}
SHORT_USER_KEYS = {"id", "first_name", "last_name", "profile_image", "timezone", "created"}
ASKED = {"message": "This is a general summary or reason for the call", "estimated_length": 15}
CHANGES = ("accept", "decline", "new-times", "agreed-time", "cancel")


@dataclass
class Cast:
    """A user and a hero with their tokens, and a stranger with his."""

    api: Api
    world: World
    user: Person
    user_token: str
    host: Person
    hero: Hero
    hero_token: str
    stranger_token: str

    async def patch(self, booking: Booking | int, what: str, body: Any, token: str) -> Answer:
        number = booking if isinstance(booking, int) else booking.id
        return await self.api("PATCH", f"{ROOT}/{number}/{what}/", body, token=token)

    async def kept(self, booking: Booking) -> dict[str, Any]:
        await self.world.services.background.idle()
        found = await self.world.database.bookings.get(booking.id)
        assert found is not None
        return to_document(found)


def body_of(times: tuple[datetime, ...]) -> dict[str, str]:
    one, two, three = times
    return {"time_one": utc_text(one), "time_two": utc_text(two), "time_three": utc_text(three)}


def good_body(what: str, world: World) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "accept": body_of(three_times(world)),
        "decline": {"reason": "Not comfortable talking about this subject."},
        "new-times": body_of(three_times(world, after=600)),
        "agreed-time": {"agreed_time": utc_text(three_times(world)[0])},
        "cancel": {"reason": "I have better things to do.", "force": True},
    }
    return bodies[what]


async def ready_for(what: str, cast: Cast) -> tuple[Booking, str]:
    """A call request in the state in which this may be done, and the token of one who may."""
    if what in ("accept", "decline"):
        return await make_request(cast.world, cast.user, cast.hero), cast.hero_token
    return await make_accepted_request(cast.world, cast.user, cast.hero), cast.user_token
