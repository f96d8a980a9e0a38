"""Credits: the balance, paying for a meeting, the list of transactions, buying more."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler
from thserver.domain.credits import AlreadySettled, NotEnoughCredits
from thserver.domain.errors import NotAllowed, PaymentMethodMissing, PaymentRefused, WrongState
from thserver.services.meetings import MeetingNotFound


class Balance(ExpertsHandler):
    """/api/credits/balance/"""

    @signed_in
    @described(answers={200: answers.Balance})
    async def get(self) -> None:
        """What is free to use."""
        self.reply(response_bodies.balance(await self.services.credits.account(self.me.id)))


class Transfer(ExpertsHandler):
    """/api/credits/transfer/"""

    @signed_in
    @described(
        body=request_bodies.Transfer,
        answers={200: answers.Transferred},
        refuses=(MeetingNotFound, NotAllowed, WrongState, AlreadySettled, NotEnoughCredits),
    )
    async def post(self) -> None:
        """The requester pays for a completed meeting; `amount` is the whole."""
        body = self.read()
        booking = await self.services.meetings.look(body["meeting_id"])
        account = await self.services.credits.transfer(booking, self.me.id, body["amount"])
        message = f"{body['amount']} credit(s) transferred successfully"
        self.reply({"success": True, "message": message, "new_balance": account.free})


class Transactions(ExpertsHandler):
    """/api/credit-transactions/"""

    @signed_in
    @described(answers={200: many(answers.Transaction)})
    async def get(self) -> None:
        """One's own transactions, the oldest first."""
        entries = await self.services.credits.transactions(self.me.id)
        self.reply([response_bodies.transaction(entry, self.me) for entry in entries])


class PurchaseCredits(ExpertsHandler):
    """/api/payments/purchase_credits/"""

    @signed_in
    @described(
        body=request_bodies.Purchase,
        answers={200: answers.Purchase, 202: answers.Purchase},
        refuses=(PaymentMethodMissing, PaymentRefused),
    )
    async def post(self) -> None:
        """Buy credits with the saved card; 202 while the card company has not said whether it took the money."""
        body = self.read()
        purchase, entry, account = await self.services.purchases.buy(self.me.id, **body)
        answer = {
            "success": True,
            "payment": response_bodies.payment(purchase),
            "transaction": response_bodies.transaction(entry, self.me) if entry is not None else None,
            "new_balance": account.free,
        }
        self.reply(answer, status=200 if entry is not None else 202)
