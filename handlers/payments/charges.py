"""What one was charged."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.paging import Page, PageQuery
from handlers.payments import bodies
from handlers.payments.base import PaymentsHandler


class Charges(PaymentsHandler):
    """/api/v1/payments/charges"""

    @signed_in
    async def get(self) -> None:
        """One's own charges, the newest first, each with the working of its price."""
        query = self.read_query(PageQuery())
        page = Page(query["page"], query["page_size"])
        count, found = await self.services.billing.charges_of(self.me.id, skip=page.skip, limit=page.size)
        shown = [bodies.charge(charge) for charge in found]
        self.reply(page.answer(self.request, self.application.settings["base_url"], count, shown))
