"""What the card company posts to us: its signature first, on the raw body; then kept, answered, and applied."""

from __future__ import annotations

import logging

from handlers import base, bodies
from handlers.access import signed_by_card_company
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.domain.ports import PaymentEvent

log = logging.getLogger("thserver.payments")


class NotFromCardCompany(errors.Refusal):
    """A webhook's signature, its age or its body is not what the card company sends."""

    code = "not_from_card_company"


class WebhookDialect(Dialect):
    """Read by nobody but whoever looks at the card company's log of deliveries."""

    name = "card company"
    words = {
        errors.Refusal: (400, "Not accepted."),
        errors.Unavailable: (503, "Temporarily unavailable."),
        bodies.TooLarge: (413, "Too large."),
        bodies.FieldErrors: (400, "Not accepted."),
        errors.Invalid: (400, "Not accepted."),
    }


class Webhook(base.Handler):
    """/payments/stripe/webhook"""

    dialect = WebhookDialect()
    event: PaymentEvent

    async def check_signature(self) -> None:
        """Raises NotFromCardCompany, whatever is wrong."""
        signature = self.request.headers.get("Stripe-Signature")
        event = self.services.card_events.read(self.request.body, signature)
        if event is None:
            log.warning("a payment webhook was not authentic")
            raise NotFromCardCompany
        self.event = event

    @signed_by_card_company
    async def post(self) -> None:
        """Keep the event; what follows from it is done after the answer."""
        await self.services.card_events.receive(self.event)
        self.reply({"received": True})
