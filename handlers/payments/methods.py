"""Cards and the payout account."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.paging import Page, PageQuery
from handlers.payments import answers, bodies
from handlers.payments.base import PaymentsHandler
from thserver.domain.errors import NotAllowed, NotFound, PaymentRefused


class SetupIntent(PaymentsHandler):
    """/api/v1/payments/setup-intent"""

    @signed_in
    @described(answers={200: answers.ClientSecret})
    async def post(self) -> None:
        """A secret with which the user's browser shows a card to the card company."""
        self.reply({"client_secret": await self.services.wallet.setup(self.me)})


class Methods(PaymentsHandler):
    """/api/v1/payments/methods"""

    @signed_in
    @described(query=PageQuery, answers={200: answers.CardPage}, refuses=(NotFound,))
    async def get(self) -> None:
        """One's own cards, the one given last first."""
        query = self.read_query()
        page = Page(query["page"], query["page_size"])
        wallet = await self.services.wallet.cards(self.me.id)
        shown = [
            bodies.card(card, is_default=card.id == wallet.default_card) for card in reversed(wallet.cards)
        ]
        self.reply(
            page.answer(
                self.request,
                self.application.settings["base_url"],
                len(shown),
                shown[page.skip : page.skip + page.size],
            )
        )

    @signed_in
    @described(body=bodies.NewCard, answers={200: answers.Card}, refuses=(PaymentRefused,))
    async def post(self) -> None:
        """Confirm a card for use while its holder is off line, and make it the default."""
        given = self.read()
        card = await self.services.wallet.add_card(self.me, given["payment_method"])
        self.reply(bodies.card(card, is_default=True))


class Method(PaymentsHandler):
    """/api/v1/payments/methods/:id"""

    @signed_in
    @described(answers={204: None})
    async def delete(self, card_id: str) -> None:
        """Forget one's own card."""
        await self.services.wallet.remove_card(self.me, card_id)
        self.reply(status=204)


class PayoutAccount(PaymentsHandler):
    """/api/v1/payments/payout-account"""

    @signed_in
    @described(answers={200: answers.PayoutLink}, refuses=(NotAllowed,))
    async def post(self) -> None:
        """Where a hero says how he wants to be paid."""
        self.reply({"url": await self.services.wallet.payout_url(self.me)})
