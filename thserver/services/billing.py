"""The bill, from a call that is over to money and receipts: the verbs that the ways in use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from store.database import Database
from thserver.domain import ledger
from thserver.domain.charges import Charge, News
from thserver.services.charge_news import ChargeNews
from thserver.services.charging import Charging
from thserver.services.payouts import Payouts
from thserver.services.recount import Recount
from thserver.services.refunds import Refunds
from thserver.services.settlement import Settlement


@dataclass(kw_only=True)
class Billing:
    database: Database
    settlement: Settlement
    charging: Charging
    news: ChargeNews
    refunds: Refunds
    payouts: Payouts
    recount: Recount

    def on_charge_news(self, subscriber: Callable[[Charge, News], Awaitable[None]]) -> None:
        """Have this told of everything that follows from a charge; twice must be like once."""
        self.news.subscribe(subscriber)

    async def settle_due(self) -> int:
        """Settle every conference that is over."""
        return await self.settlement.settle_due()

    async def charge_due(self) -> int:
        """Take what is due, finish what a process that died has left, ask about refunds in doubt."""
        told = await self.news.tell_left_over()
        charged = await self.charging.charge_due()
        return told + charged + await self.refunds.finish_open()

    async def mark_missed(self) -> int:
        """Find the bookings to which not both came."""
        return await self.settlement.mark_missed()

    async def refund(
        self, charge_id: str, amount_in_cents: int | None = None, *, key: str | None = None
    ) -> Charge:
        """Give money back; see Refunds.refund."""
        return await self.refunds.refund(charge_id, amount_in_cents, key=key)

    async def pay_kept(self) -> int:
        """Pass on what is kept for hosts whose payout accounts can take it by now."""
        return await self.payouts.pay_kept()

    async def charges_of(self, person_id: int, *, skip: int, limit: int) -> tuple[int, list[Charge]]:
        """How many charges this person has to pay or has paid, and a page of them, the newest first."""
        return await self.database.charges.of_payer(person_id, skip=skip, limit=limit)

    async def balance_owed(self, person_id: int) -> int:
        """What is kept for a host who has no payout account yet, in cents."""
        return await self.database.ledger.balance(ledger.owed(person_id))

    async def check(self) -> list[str]:
        """What does not add up; nothing is how it should be."""
        return await self.recount.check()
