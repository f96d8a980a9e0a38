"""Counting the money again: whether charges, ledger and what people were told still agree."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from store.database import Database
from thserver.domain import ledger
from thserver.domain.charges import Charge, State
from thserver.domain.credits import is_purchase
from thserver.domain.ledger import Entry
from thserver.domain.payouts import REVERSED, Payout, is_payout, paid_out
from thserver.domain.payouts import State as PayoutState
from thserver.domain.ports import Clock
from thserver.metrics import MONEY_DIFFERENCES

log = logging.getLogger("thserver.recount")

# What has just changed is still being entered.
SETTLED_AFTER = timedelta(minutes=2)


class Recount:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._charges = database.charges
        self._ledger = database.ledger
        self._payouts = database.payouts
        self._wallets = database.wallets
        self._events = database.card_events
        self._recounts = database.recounts
        self._clock = clock

    async def check(self) -> list[str]:
        """Every difference in one line; none is how it should be. Reads everything, so not for each request."""
        wrong = await self._differences()
        for difference in wrong:
            log.error("the money does not add up: %s", difference)
        MONEY_DIFFERENCES.set(len(wrong))
        await self._recounts.keep("money", wrong, at=self._clock.now())
        return wrong

    async def _differences(self) -> list[str]:
        wrong: list[str] = []
        of_charge: dict[str, list[Entry]] = {}
        of_payout: dict[str, list[Entry]] = {}
        kept: Counter[int] = Counter()
        try:
            async for entry in self._ledger.everything():
                for leg in entry.legs:
                    if (host_id := ledger.whose_owed(leg.account)) is not None:
                        kept[host_id] += leg.amount_in_cents
                if is_payout(entry.charge_id):
                    of_payout.setdefault(entry.charge_id, []).append(entry)
                # What was paid for credits is counted with these.
                elif not is_purchase(entry.charge_id):
                    of_charge.setdefault(entry.charge_id, []).append(entry)
        except ValueError as error:
            return [f"ledger: {error}"]
        before = self._clock.now() - SETTLED_AFTER
        payments: Counter[str] = Counter()
        async for charge in self._charges.everything():
            entries = of_charge.pop(charge.id, [])
            if charge.payment_id is not None:
                payments[charge.payment_id] += 1
            if charge.updated < before:
                wrong += [f"charge {charge.id}: {problem}" for problem in differences(charge, entries)]
        wrong += [f"ledger: entries of charge {charge_id}, which is not there" for charge_id in of_charge]
        wrong += [
            f"payment {payment} pays {count} charges" for payment, count in payments.items() if count > 1
        ]
        async for payout in self._payouts.everything():
            entries = of_payout.pop(payout.id, [])
            if payout.updated < before:
                wrong += [f"{payout.id}: {problem}" for problem in payout_differences(payout, entries)]
        wrong += [f"ledger: entries of {payout_id}, which is not there" for payout_id in of_payout]
        await self._note_kept(kept)
        for event in await self._events.in_state("orphan"):
            wrong.append(f"card event {event.id} ({event.type}) is about nothing that we know")
        return wrong

    async def _note_kept(self, kept: Counter[int]) -> None:
        """Whatever is kept for a host is found by the sweep that pays it, also what was kept before there was one."""
        for host_id, amount in kept.items():
            if amount > 0 and (await self._wallets.get(host_id)).kept is None:
                await self._wallets.something_kept(host_id, at=self._clock.now())


def payout_differences(payout: Payout, entries: list[Entry]) -> list[str]:
    """Where a payout and its entry in the ledger do not agree."""
    wrong = []
    is_paid = payout.state is PayoutState.PAID
    sent = [entry for entry in entries if entry.what != REVERSED]
    back = sum(entry.amount_into(ledger.owed(payout.host_id)) for entry in entries if entry.what == REVERSED)
    if len(sent) != int(is_paid):
        wrong.append(f"{payout.state}, and entered {len(sent)} times")
    elif is_paid and sent[0].legs != paid_out(payout, sent[0].at).legs:
        wrong.append("another amount entered than was sent")
    if back != payout.reversed_in_cents:
        wrong.append(f"{back} cents entered as taken back, {payout.reversed_in_cents} taken back")
    return wrong


def differences(charge: Charge, entries: list[Entry]) -> list[str]:
    """Where a charge and its entries in the ledger do not agree."""
    wrong = []
    by_kind = Counter(entry.what for entry in entries)
    owes = charge.amount_in_cents > 0
    if by_kind["billed"] != int(owes):
        wrong.append(f"billed {by_kind['billed']} times")
    is_paid = charge.state is State.SUCCEEDED and charge.paid_with is None
    if by_kind["paid"] != int(is_paid):
        wrong.append(f"{charge.state}, and entered as paid {by_kind['paid']} times")
    taken = -sum(entry.amount_into(ledger.CARD) for entry in entries if entry.what == "paid")
    if is_paid and taken != charge.total_in_cents:
        wrong.append(f"{taken} cents entered, {charge.total_in_cents} taken")
    given_back = sum(entry.amount_into(ledger.CARD) for entry in entries if entry.what == "refunded")
    if given_back != charge.refunded_in_cents:
        wrong.append(f"{given_back} cents entered as given back, {charge.refunded_in_cents} given back")
    if charge.state is State.SUCCEEDED and charge.payment_id is None and charge.paid_with is None:
        wrong.append("paid by nothing")
    if sum(attempt.result.value == "succeeded" for attempt in charge.attempts) > 1:
        wrong.append("paid by two attempts")
    if charge.news:
        wrong.append(f"not told: {', '.join(news.id for news in charge.news)}")
    return wrong
