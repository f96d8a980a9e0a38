"""A circle of a holder, his trusted friends and his lifelinks, for notices of passing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.circle_makers import App, letters_to
from thserver.services.all import Services

INITIATE = "/death_notice/initiate"
AUTHORISE = "/death_notice/authorise"
DETAILS = "/death_notice/send_funeral_details"
WORDS = {
    "content": "Proin eget tortor risus.",
    "email_receive_condolences": "some.email@example.com",
    "address_receive_flowers": "123 Main Street",
    "ewake_visibility": "public",
}


@dataclass
class Circle:
    """A holder with two trusted friends, a lifelink, somebody on the grey list; and a stranger."""

    services: Services
    holder: App
    ann: App
    bob: App
    link: App
    grey: App
    stranger: App

    def initiation(self, **changes: Any) -> dict[str, Any]:
        return {
            "initiation": {
                "email": self.holder.email,
                "date_of_death": "2026-03-01",
                "confirm_email_address": "ann@example.com",
                "confirm_physical_address": "1 Main Street",
                **changes,
            }
        }

    def authorisation(self, **changes: Any) -> dict[str, Any]:
        return {"authorisation": {"email": self.holder.email, "confirm_email_address": True, **changes}}

    def details(self, **changes: Any) -> dict[str, Any]:
        return {
            "funeral_details": {
                "email": self.holder.email,
                "time": "2026-03-08 11:55:00",
                "location": "123 Main Street",
                "details": "No flowers, please.",
                **changes,
            }
        }

    async def initiate(self) -> None:
        await self.ann.client.post(INITIATE, self.initiation())

    async def authorise(self) -> None:
        await self.initiate()
        await self.bob.client.post(AUTHORISE, self.authorisation())

    async def notice_of(self, app: App, level: str = "trusted_friend") -> Any:
        return (await app.client.following(level))[0]["death_notice"]


async def subjects(circle: Circle, app: App, *, since: int = 0) -> list[str]:
    return [letter["subject"] for letter in await letters_to(circle.services, app.email)][since:]


async def counts(circle: Circle) -> dict[str, int]:
    everybody = (circle.holder, circle.ann, circle.bob, circle.link, circle.grey, circle.stranger)
    return {app.email: len(await letters_to(circle.services, app.email)) for app in everybody}
