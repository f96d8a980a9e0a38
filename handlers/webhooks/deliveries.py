"""The log of deliveries, and sending one of them once more."""

from __future__ import annotations

from handlers.access import staff
from handlers.descriptions import described
from handlers.paging import Page
from handlers.webhooks import answers, bodies
from handlers.webhooks.base import WebhooksHandler
from thserver.domain.errors import NotFound, WrongState
from thserver.domain.webhooks import DeliveryState, LogQuery


class Deliveries(WebhooksHandler):
    """/webhooks/deliveries"""

    @staff
    @described(query=bodies.LogWanted, answers={200: answers.DeliveryPage}, refuses=(NotFound,))
    async def get(self) -> None:
        """A page of the log, the newest first."""
        query = self.read_query()
        page = Page(query["page"], query["page_size"])
        wanted = LogQuery(
            endpoint_id=query["endpoint"],
            state=DeliveryState(query["state"]) if query["state"] else None,
            type=query["type"],
            booking_id=query["booking"],
        )
        found = await self.services.webhook_deliveries.page(wanted, skip=page.skip, limit=page.size)
        shown = [bodies.delivery(each) for each in found.deliveries]
        self.reply(page.answer(self.request, self.application.settings["base_url"], found.count, shown))


class Delivery(WebhooksHandler):
    """/webhooks/deliveries/<id>"""

    @staff
    @described(answers={200: answers.DeliveryWithTries})
    async def get(self, delivery_id: str) -> None:
        """One of them with its tries and what was sent."""
        self.reply(bodies.delivery_with_tries(*await self.services.webhook_deliveries.get(delivery_id)))


class Replay(WebhooksHandler):
    """/webhooks/deliveries/<id>/replay"""

    @staff
    @described(answers={202: answers.Delivery}, refuses=(WrongState,))
    async def post(self, delivery_id: str) -> None:
        """Send it now, under the same id."""
        async with self.recorded("replay webhook", delivery_id):
            delivery = await self.services.webhook_deliveries.replay(delivery_id)
        self.reply(bodies.delivery(delivery), status=202)
