"""What somebody has been told, as contract experts shows it."""

from __future__ import annotations

from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.sockets import NOTIFICATION
from tests.makers import token_of
from thserver.domain.people import Person
from thserver.services.all import Services

STARTS, ENDS = "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z"
TYPES = {
    "meeting_request", "meeting_confirmed", "meeting_cancelled", "meeting_reminder", "new_message",
    "review_reminder", "credit_update", "system",
}  # fmt: skip
Told = list[tuple[str, str, str]]


async def told(services: Services, client: ExpertsClient, query: str = "") -> Told:
    """Type, title and sentence of each, once all news has been passed on."""
    await services.background.idle()
    found = (await client("GET", f"/notifications/{query}")).body
    for each in found:
        assert list(each) == NOTIFICATION
        assert each["notification_type"] in TYPES
        assert each["user_id"] == client.id or not client.me
    assert [each["id"] for each in found] == sorted({each["id"] for each in found})
    return [(each["notification_type"], each["title"], each["content"]) for each in found]


async def app_of(services: Services, api: Api, person: Person) -> ExpertsClient:
    client = ExpertsClient(api, await token_of(services, person, "experts"))
    client.me = {"id": person.id}
    return client
