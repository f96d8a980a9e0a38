"""What one was charged."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.paging import Page, PageQuery
from handlers.payments import answers, bodies
from handlers.payments.base import PaymentsHandler
from thserver.domain.errors import NotFound


class Charges(PaymentsHandler):
    """/api/v1/payments/charges"""

    @signed_in
    @described(query=PageQuery, answers={200: answers.ChargePage}, refuses=(NotFound,))
    async def get(self) -> None:
        """One's own charges, the newest first, each with the working of its price."""
        query = self.read_query()
        page = Page(query["page"], query["page_size"])
        count, found = await self.services.billing.charges_of(self.me.id, skip=page.skip, limit=page.size)
        shown = [bodies.charge(charge) for charge in found]
        self.reply(page.answer(self.request, self.application.settings["base_url"], count, shown))
