"""Endpoints: what staff register, change, test and take away."""

from __future__ import annotations

from datetime import timedelta

from handlers.access import staff
from handlers.descriptions import described
from handlers.webhooks import answers, bodies
from handlers.webhooks.base import WebhooksHandler
from thserver.domain.errors import Conflict, WrongState
from thserver.domain.webhook_events import EVENT_TYPES
from thserver.services.webhooks import TooManyEndpoints


class EventTypes(WebhooksHandler):
    """/webhooks/event-types"""

    @staff
    @described(answers={200: answers.EventTypes})
    async def get(self) -> None:
        """What an endpoint can choose."""
        self.reply({"results": [{"type": name, "meaning": says} for name, says in EVENT_TYPES.items()]})


class Endpoints(WebhooksHandler):
    """/webhooks/endpoints"""

    @staff
    @described(answers={200: answers.Endpoints})
    async def get(self) -> None:
        """All of them."""
        found = await self.services.webhooks.all()
        self.reply({"count": len(found), "results": [bodies.endpoint(each) for each in found]})

    @staff
    @described(
        body=bodies.NewEndpoint, answers={201: answers.EndpointWithSecret}, refuses=(TooManyEndpoints,)
    )
    async def post(self) -> None:
        """Register one; its secret is shown now only."""
        given = self.read()
        async with self.recorded("register webhook endpoint", bodies.host_in(given["url"])):
            endpoint, secret = await self.services.webhooks.register(self.me, **given)
        self.reply(bodies.endpoint(endpoint, secret=secret), status=201)


class Endpoint(WebhooksHandler):
    """/webhooks/endpoints/<id>"""

    @staff
    @described(answers={200: answers.Endpoint})
    async def get(self, endpoint_id: str) -> None:
        """One of them."""
        self.reply(bodies.endpoint(await self.services.webhooks.get(endpoint_id)))

    @staff
    @described(body=bodies.ChangedEndpoint, answers={200: answers.Endpoint})
    async def patch(self, endpoint_id: str) -> None:
        """Change what is given."""
        given = self.read()
        async with self.recorded("change webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.change(endpoint_id, given)
        self.reply(bodies.endpoint(endpoint))

    @staff
    @described(answers={204: None})
    async def delete(self, endpoint_id: str) -> None:
        """Take it away; what waits for it is dropped."""
        async with self.recorded("delete webhook endpoint", endpoint_id):
            await self.services.webhooks.delete(endpoint_id)
        self.reply(status=204)


class Rotate(WebhooksHandler):
    """/webhooks/endpoints/<id>/rotate"""

    @staff
    @described(body=bodies.Rotation, answers={200: answers.EndpointWithSecret}, refuses=(Conflict,))
    async def post(self, endpoint_id: str) -> None:
        """A new secret; the one before it signs too until the overlap is over."""
        given = self.read()
        overlap = timedelta(hours=given["overlap_in_hours"])
        async with self.recorded("rotate webhook secret", endpoint_id):
            endpoint, secret = await self.services.webhooks.rotate(endpoint_id, overlap=overlap)
        self.reply(bodies.endpoint(endpoint, secret=secret))


class Enable(WebhooksHandler):
    """/webhooks/endpoints/<id>/enable"""

    @staff
    @described(answers={200: answers.Endpoint})
    async def post(self, endpoint_id: str) -> None:
        """What waits for it is sent now."""
        async with self.recorded("enable webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.enable(endpoint_id)
        self.reply(bodies.endpoint(endpoint))


class Disable(WebhooksHandler):
    """/webhooks/endpoints/<id>/disable"""

    @staff
    @described(answers={200: answers.Endpoint})
    async def post(self, endpoint_id: str) -> None:
        """Nothing is sent there until it is enabled."""
        async with self.recorded("disable webhook endpoint", endpoint_id):
            endpoint = await self.services.webhooks.disable(endpoint_id)
        self.reply(bodies.endpoint(endpoint))


class Test(WebhooksHandler):
    """/webhooks/endpoints/<id>/test"""

    @staff
    @described(body=bodies.SampleWanted, answers={202: answers.Delivery}, refuses=(WrongState,))
    async def post(self, endpoint_id: str) -> None:
        """Send an example of an event, to this endpoint only."""
        given = self.read()
        async with self.recorded("test webhook endpoint", endpoint_id):
            delivery = await self.services.webhooks.send_sample(endpoint_id, given["type"])
        self.reply(bodies.delivery(delivery), status=202)


class Replay(WebhooksHandler):
    """/webhooks/endpoints/<id>/replay"""

    @staff
    @described(body=bodies.ReplayWanted, answers={202: answers.Replayed}, refuses=(WrongState,))
    async def post(self, endpoint_id: str) -> None:
        """Send again what failed since then, or everything."""
        given = self.read()
        async with self.recorded("replay webhooks", endpoint_id, since=given["since"].isoformat()):
            replayed = await self.services.webhook_deliveries.replay_since(
                endpoint_id, given["since"], with_delivered=given["with_delivered"]
            )
        self.reply(bodies.replayed(replayed), status=202)
