"""Money as those who run the service see it: who is owed what and why, what was not paid, given back and sold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from store.database import Database
from store.recounts import RecountResult
from thserver.domain.charges import UNPAID, Charge, State
from thserver.domain.credits import Purchase
from thserver.domain.payouts import Payout
from thserver.domain.people import Person
from thserver.services.payouts import Kept, Payouts

MOST = 50
IN_DOUBT = frozenset({State.UNKNOWN, State.CHARGING})


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """`people` has everybody who is named in any of it; `counts` what was counted last, by `money` and `credits`."""

    kept: tuple[Kept, ...]
    payouts: tuple[Payout, ...]
    unpaid: tuple[Charge, ...]
    in_doubt: tuple[Charge, ...]
    refunded: tuple[Charge, ...]
    purchases: tuple[Purchase, ...]
    counts: Mapping[str, RecountResult]
    people: Mapping[int, Person]

    @property
    def kept_in_cents(self) -> int:
        return sum(each.amount_in_cents for each in self.kept)


class MoneyDesk:
    def __init__(self, *, database: Database, payouts: Payouts) -> None:
        self._charges = database.charges
        self._purchases = database.purchases
        self._people = database.people
        self._recounts = database.recounts
        self._payouts = payouts

    async def view(self) -> MoneyView:
        kept, payouts, unpaid, in_doubt, refunded, purchases = await asyncio.gather(
            self._payouts.kept(),
            self._payouts.recent(),
            self._charges.in_states(UNPAID, limit=MOST),
            self._charges.in_states(IN_DOUBT, limit=MOST),
            self._charges.refunded(limit=MOST),
            self._purchases.recent(limit=MOST),
        )
        charges = (*unpaid, *in_doubt, *refunded)
        people = await self._people.many(
            {
                *(each.host_id for each in kept),
                *(each.host_id for each in payouts),
                *(each.payer_id for each in charges),
                *(each.host_id for each in charges if each.host_id is not None),
                *(each.person_id for each in purchases),
            }
        )
        return MoneyView(
            kept=tuple(kept),
            payouts=tuple(payouts),
            unpaid=tuple(unpaid),
            in_doubt=tuple(in_doubt),
            refunded=tuple(refunded),
            purchases=tuple(purchases),
            counts=await self._recounts.all(),
            people=people,
        )
