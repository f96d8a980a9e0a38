"""Endpoints: what staff register, change, test and take away."""

from __future__ import annotations

from datetime import timedelta

from handlers.access import staff
from handlers.webhooks import bodies
from handlers.webhooks.base import WebhooksHandler
from thserver.domain.webhook_events import EVENT_TYPES


class EventTypes(WebhooksHandler):
    """/webhooks/event-types"""

    @staff
    async def get(self) -> None:
        self.reply({"results": [{"type": name, "meaning": says} for name, says in EVENT_TYPES.items()]})


class Endpoints(WebhooksHandler):
    """/webhooks/endpoints"""

    @staff
    async def get(self) -> None:
        found = await self.services.webhooks.all()
        self.reply({"count": len(found), "results": [bodies.endpoint(each) for each in found]})

    @staff
    async def post(self) -> None:
        given = self.read(bodies.NewEndpoint())
        async with self.recorded("register webhook endpoint", bodies.host_in(given["url"])):
            endpoint, secret = await self.services.webhooks.register(self.me, **given)
        self.reply(bodies.endpoint(endpoint, secret=secret), status=201)


class Endpoint(WebhooksHandler):
    """/webhooks/endpoints/<id>"""

    @staff
    async def get(self, endpoint_id: str) -> None:
        self.reply(bodies.endpoint(await self.services.webhooks.get(endpoint_id)))

    @staff
    async def patch(self, endpoint_id: str) -> None:
        given = self.read(bodies.ChangedEndpoint())
        async with self.recorded("change webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.change(endpoint_id, given)
        self.reply(bodies.endpoint(endpoint))

    @staff
    async def delete(self, endpoint_id: str) -> None:
        async with self.recorded("delete webhook endpoint", endpoint_id):
            await self.services.webhooks.delete(endpoint_id)
        self.reply(status=204)


class Rotate(WebhooksHandler):
    """/webhooks/endpoints/<id>/rotate"""

    @staff
    async def post(self, endpoint_id: str) -> None:
        given = self.read(bodies.Rotation())
        overlap = timedelta(hours=given["overlap_in_hours"])
        async with self.recorded("rotate webhook secret", endpoint_id):
            endpoint, secret = await self.services.webhooks.rotate(endpoint_id, overlap=overlap)
        self.reply(bodies.endpoint(endpoint, secret=secret))


class Enable(WebhooksHandler):
    """/webhooks/endpoints/<id>/enable"""

    @staff
    async def post(self, endpoint_id: str) -> None:
        async with self.recorded("enable webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.enable(endpoint_id)
        self.reply(bodies.endpoint(endpoint))


class Disable(WebhooksHandler):
    """/webhooks/endpoints/<id>/disable"""

    @staff
    async def post(self, endpoint_id: str) -> None:
        async with self.recorded("disable webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.disable(endpoint_id)
        self.reply(bodies.endpoint(endpoint))


class Test(WebhooksHandler):
    """/webhooks/endpoints/<id>/test"""

    @staff
    async def post(self, endpoint_id: str) -> None:
        given = self.read(bodies.SampleWanted())
        async with self.recorded("test webhook endpoint", endpoint_id):
            delivery = await self.services.webhooks.send_sample(endpoint_id, given["type"])
        self.reply(bodies.delivery(delivery), status=202)


class Replay(WebhooksHandler):
    """/webhooks/endpoints/<id>/replay"""

    @staff
    async def post(self, endpoint_id: str) -> None:
        given = self.read(bodies.ReplayWanted())
        async with self.recorded("replay webhooks", endpoint_id, since=given["since"].isoformat()):
            replayed = await self.services.webhook_deliveries.replay_since(
                endpoint_id, given["since"], with_delivered=given["with_delivered"]
            )
        self.reply(bodies.replayed(replayed), status=202)
