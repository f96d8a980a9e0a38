"""Counting the credits again: whether accounts, entries, purchases, money and meetings still agree."""

from __future__ import annotations

import logging
from datetime import timedelta

from store.database import Database
from thserver.domain import credits as rules
from thserver.domain.bookings import State
from thserver.domain.credits import Account, Entry, Kind, Purchase, PurchaseState
from thserver.domain.ports import Clock
from thserver.metrics import CREDIT_DIFFERENCES

log = logging.getLogger("thserver.credits")

# What has just changed is still on its way.
ON_ITS_WAY = timedelta(minutes=2)
AT_ONCE = 1000
OVER = frozenset({State.CANCELLED, State.DECLINED})


class CreditRecount:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._credits = database.credits
        self._purchases = database.purchases
        self._ledger = database.ledger
        self._bookings = database.bookings
        self._recounts = database.recounts
        self._clock = clock

    async def check(self) -> list[str]:
        """Every difference in one line; none is how it should be. Reads everything, so not for each request."""
        accounts, entries = await self._credits.everything()
        wrong = rules.differences(accounts, entries)
        wrong += await self._purchases_differ(entries)
        wrong += await self._holds_differ(accounts)
        for difference in wrong:
            log.error("the credits do not add up: %s", difference)
        CREDIT_DIFFERENCES.set(len(wrong))
        await self._recounts.keep("credits", wrong, at=self._clock.now())
        return wrong

    async def _purchases_differ(self, entries: list[Entry]) -> list[str]:
        """Each completed purchase is one entry here and one in the ledger of money, and nothing else is."""
        before = self._clock.now() - ON_ITS_WAY
        granted = {entry.id: entry for entry in entries if entry.kind is Kind.PURCHASED}
        wrong = []
        async for purchase in self._purchases.everything():
            entry = granted.pop(purchase.key, None)
            if entry is None and purchase.updated >= before:
                continue  # It may have been completed since the entries were read.
            wrong += [
                f"purchase {purchase.id}: {problem}" for problem in await self._problems(purchase, entry)
            ]
        return wrong + [f"{entry_id}: credits without a purchase" for entry_id in granted]

    async def _problems(self, purchase: Purchase, entry: Entry | None) -> list[str]:
        is_completed = purchase.state is PurchaseState.COMPLETED
        if (entry is not None) != is_completed:
            return [f"{purchase.state}, and its credits are {'there' if entry else 'not there'}"]
        wrong = []
        if entry is not None and (entry.free, entry.person_id) != (purchase.credits, purchase.person_id):
            wrong.append(f"{purchase.credits} bought, {entry.free} entered")
        money = await self._ledger.get(rules.money_entry(purchase, purchase.updated).id)
        taken = money.amount_into(rules.SOLD) if money is not None else 0
        if taken != (purchase.amount_in_cents if is_completed else 0):
            wrong.append(f"{purchase.state}, and {taken} cents entered")
        return wrong

    async def _holds_differ(self, accounts: list[Account]) -> list[str]:
        """Each held credit belongs to a meeting that is still to end, or that waits for its transfer."""
        before = self._clock.now() - ON_ITS_WAY
        holds = [(account, hold) for account in accounts for hold in account.holds if hold.at < before]
        wrong = []
        for first in range(0, len(holds), AT_ONCE):
            some = holds[first : first + AT_ONCE]
            bookings = await self._bookings.many({hold.booking_id for _, hold in some})
            for account, hold in some:
                booking = bookings.get(hold.booking_id)
                where = f"person {account.person_id}: a credit is held for meeting {hold.booking_id}"
                if booking is None:
                    wrong.append(f"{where}, which is not there")
                elif booking.guest_ids[0] != account.person_id or booking.host_id != hold.host_id:
                    wrong.append(f"{where}, which other people have")
                elif booking.state in OVER and booking.updated < before:
                    wrong.append(f"{where}, which is {booking.state}")
                elif booking.state is State.HELD and hold.completed is None and booking.updated < before:
                    wrong.append(f"{where}, which is over and would never be settled")
        return wrong
