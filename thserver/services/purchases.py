"""Buying credits: written down first, then the money is taken, then the credits are there, each exactly once."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain import credits as rules
from thserver.domain.credits import Account, Entry, Purchase, PurchaseState
from thserver.domain.errors import NotFound, PaymentMethodMissing, PaymentRefused, Refusal
from thserver.domain.ports import ChargeOutcome, ChargeState, Clock, Payments
from thserver.services.credits import Credits
from thserver.services.wallet import Wallet

log = logging.getLogger("thserver.purchases")

# The request itself is at it for so long; then the sweep is.
SWEEP_AFTER = timedelta(seconds=15)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
# Whoever waits for the answer is told in time that it is still open.
PATIENCE_S = 2.5

kill_points.POINTS |= {
    "purchase.written": "the purchase is written down; no money has been asked for",
    "purchase.answered": "the card company has answered; the outcome is not recorded",
    "purchase.granted": "the credits are there; nobody has been told",
}


class Purchases:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        payments: Payments,
        wallet: Wallet,
        credits: Credits,
        is_simulated: bool,
    ) -> None:
        """`is_simulated`: no real money is ever taken, so nobody needs a card."""
        self._purchases = database.purchases
        self._entries = database.credits
        self._numbers = database.numbers
        self._clock = clock
        self._payments = payments
        self._wallet = wallet
        self._credits = credits
        self._is_simulated = is_simulated

    async def buy(
        self, person_id: int, *, credits: int, amount_in_cents: int, payment_method: str
    ) -> tuple[Purchase, Entry | None, Account]:
        """The purchase, its entry and what the person has then. It is still pending, without an entry, where the
        card company did not say whether it took the money; the sweep finds out.

        Raises Invalid(amount=…), PaymentMethodMissing or PaymentRefused.
        """
        rules.check_price(credits, amount_in_cents)
        await self._credits.account(person_id)
        wallet = await self._wallet.cards(person_id)
        has_card = wallet.customer_id is not None and wallet.default_card is not None
        if not has_card and not self._is_simulated:
            raise PaymentMethodMissing
        now = self._clock.now()
        purchase = Purchase(
            id=await self._numbers.next("purchases"),
            person_id=person_id,
            credits=credits,
            payment_method=payment_method,
            customer_id=wallet.customer_id if has_card else None,
            card_id=wallet.default_card if has_card else None,
            created=now,
            updated=now,
        )
        await self._purchases.add(purchase, next_at=now + SWEEP_AFTER)
        kill_points.reached("purchase.written")
        await self._finish(purchase, patience_s=PATIENCE_S)
        found = await self._purchases.get(purchase.id)
        if found is None:
            raise NotFound
        if found.state is PurchaseState.FAILED:
            raise PaymentRefused(found.reason or "card_declined")
        entry = await self._entries.get(purchase.key)
        return found, entry, await self._credits.account(person_id)

    async def finish_open(self) -> int:
        """Find out about purchases whose outcome nobody knows. Says how many were asked about."""
        open_ones = await self._purchases.ready(self._clock.now())
        for purchase in open_ones:
            try:
                await self._finish(purchase)
            except Refusal as refusal:
                log.warning("purchase %s did not get through: %s", purchase.id, refusal)
        return len(open_ones)

    async def heard(self, key: str, payment_id: str, amount_in_cents: int) -> bool:
        """What the card company posts about a purchase; nothing taken is `amount_in_cents` 0. False for other keys."""
        purchase_id = rules.purchase_of_key(key)
        purchase = await self._purchases.get(purchase_id) if purchase_id is not None else None
        if purchase is None:
            return False
        if amount_in_cents == purchase.amount_in_cents:
            await self._grant(purchase, payment_id)
        elif amount_in_cents:
            log.error("purchase %s was paid with %s cents", purchase.id, amount_in_cents)
            return False
        return True

    async def _finish(self, purchase: Purchase, *, patience_s: float | None = None) -> None:
        try:
            async with asyncio.timeout(patience_s):
                outcome = await self._ask(purchase)
        except TimeoutError:
            outcome = ChargeOutcome(ChargeState.UNKNOWN, reason="no_answer_yet")
        kill_points.reached("purchase.answered")
        match outcome.state:
            case ChargeState.SUCCEEDED:
                await self._grant(purchase, outcome.charge_id)
            case ChargeState.DECLINED | ChargeState.NEEDS_CARDHOLDER:
                await self._purchases.fail(
                    purchase.id, outcome.reason or "card_declined", now=self._clock.now()
                )
            case _:
                log.warning("the outcome of purchase %s is not known: %s", purchase.id, outcome.reason)
                now = self._clock.now()
                pause = min(max(now - purchase.created, FIRST_PAUSE), LONGEST_PAUSE)
                await self._purchases.postpone(purchase.id, until=now + pause)

    async def _ask(self, purchase: Purchase) -> ChargeOutcome:
        """The money for this purchase, under its key, so that asking again is asking once."""
        if purchase.customer_id is None or purchase.card_id is None:
            return ChargeOutcome(ChargeState.SUCCEEDED)
        try:
            return await self._payments.charge(
                amount_in_cents=purchase.amount_in_cents,
                customer_id=purchase.customer_id,
                payment_method=purchase.card_id,
                description=f"{purchase.credits} credits",
                key=purchase.key,
                metadata={"purchase_id": str(purchase.id)},
                first_tried_at=purchase.created,
            )
        except Exception as error:
            log.exception("the outcome of purchase %s is not known", purchase.id)
            return ChargeOutcome(ChargeState.UNKNOWN, reason=type(error).__name__)

    async def _grant(self, purchase: Purchase, payment_id: str | None) -> None:
        number = await self._numbers.next("credit_transactions")
        entry = rules.purchased(purchase, number=number, at=self._clock.now())
        dollars = purchase.amount_in_cents // 100
        simulated = f"sim_{purchase.person_id}_{dollars}_{purchase.credits}"
        transaction_id = simulated if self._is_simulated or payment_id is None else payment_id
        await self._credits.account(purchase.person_id)
        if await self._entries.grant(purchase, entry, transaction_id=transaction_id, payment_id=payment_id):
            kill_points.reached("purchase.granted")
            await self._credits.granted(entry)
