"""Taking the money: each attempt is written down before it is made, and no other is made before it surely failed."""

from __future__ import annotations

import dataclasses
import logging
import secrets

from store.database import Database
from thserver import kill_points
from thserver.domain import charges as rules
from thserver.domain import ledger, pricing
from thserver.domain.charges import Attempt, Charge, State
from thserver.domain.errors import AlreadyExists
from thserver.domain.ports import ChargeOutcome, ChargeState, Clock, Payments
from thserver.services.background import one_of_many
from thserver.services.charge_news import ChargeNews
from thserver.services.wallet import Wallet

log = logging.getLogger("thserver.charging")

GATHERING_TRIES = 5

kill_points.POINTS |= {
    "charge.claimed": "somebody works on the charge; no attempt is written down",
    "charge.written": "the attempt is written down; nothing has been asked of the card company",
    "charge.answered": "the card company has answered; the outcome is not recorded",
    "charge.recorded": "the outcome is recorded; nobody has been told and the ledger knows nothing",
}


class Charging:
    def __init__(
        self, *, database: Database, clock: Clock, payments: Payments, wallet: Wallet, news: ChargeNews
    ) -> None:
        self._charges = database.charges
        self._wallets = database.wallets
        self._ledger = database.ledger
        self._clock = clock
        self._payments = payments
        self._wallet = wallet
        self._news = news

    async def charge_due(self) -> int:
        """Make or repeat every attempt whose time has come. Says how many."""
        await self._try_new_cards()
        ready = await self._charges.ready(self._clock.now())
        for charge_id in ready:
            with one_of_many(f"charge {charge_id}"):
                await self.charge(charge_id)
        return len(ready)

    async def charge(self, charge_id: str) -> None:
        """Take the money for this charge, unless somebody else is at it or it is not due."""
        token, now = secrets.token_hex(8), self._clock.now()
        charge = await self._charges.claim(charge_id, token, now=now, until=now + rules.LEASE)
        if charge is None:
            return
        kill_points.reached("charge.claimed")
        if charge.open_attempt is None:
            charge = await self._begin(charge, token)
            if charge is None:
                await self._news.tell(charge_id)
                return
            kill_points.reached("charge.written")
        attempt = charge.open_attempt
        assert attempt is not None
        outcome = await self._ask(charge, attempt)
        kill_points.reached("charge.answered")
        await self.record(charge, attempt, outcome, token=token)
        kill_points.reached("charge.recorded")
        await self._news.tell(charge_id)

    async def charge_and_tell(self, charge_id: str) -> None:
        """Everything that can be done about a charge now; what is free is only told."""
        await self._news.tell(charge_id)
        await self.charge(charge_id)

    async def record(
        self, charge: Charge, attempt: Attempt, outcome: ChargeOutcome, *, token: str | None = None
    ) -> None:
        """What became of an attempt, from the answer to it or from an event. Doubt is recorded only under a claim."""
        now = self._clock.now()
        match outcome.state:
            case ChargeState.SUCCEEDED if outcome.charge_id is not None:
                await self._succeed(charge, attempt, outcome.charge_id)
            case ChargeState.DECLINED | ChargeState.NEEDS_CARDHOLDER:
                await self._fail(charge, attempt, outcome)
            case _ if token is not None:
                state = State.CHARGING if outcome.state is ChargeState.RETRY else State.UNKNOWN
                await self._charges.postpone(
                    charge.id,
                    token,
                    state=state,
                    reason=outcome.reason,
                    until=now + rules.pause_before_repeat(attempt, now),
                    now=now,
                )

    async def card_given(self, person_id: int) -> None:
        """Try a person's new card on whatever he has not paid."""
        wallet = await self._wallets.get(person_id)
        await self._charges.try_again(person_id, now=self._clock.now())
        if wallet.default_card is not None:
            await self._wallets.new_card_seen(person_id, wallet.default_card)

    async def _try_new_cards(self) -> None:
        for wallet in await self._wallets.with_new_card():
            await self.card_given(wallet.person_id)

    async def _begin(self, charge: Charge, token: str) -> Charge | None:
        """Write down the next attempt. None when there is nothing to ask the card company for (now)."""
        for _ in range(GATHERING_TRIES):
            carried = await self._gather(charge)
            whole = dataclasses.replace(
                charge,
                carried_in_cents=sum(each.amount_in_cents for each in carried) or charge.carried_in_cents,
            )
            now = self._clock.now()
            if not charge.attempts and not pricing.is_collectable(whole.total_in_cents):
                await self._charges.park(charge.id, token, now=now)
                return None
            attempt = await self._next_attempt(whole)
            if attempt is None:
                state, next_at = rules.after_failure(
                    dataclasses.replace(charge, tries=charge.tries + 1), State.DECLINED, now
                )
                await self._charges.no_card(
                    charge.id, token, state=state, tries=charge.tries + 1, next_at=next_at, now=now
                )
                return None
            try:
                return await self._charges.begin(charge.id, token, attempt, carries=carried, now=now)
            except AlreadyExists:
                # Another charge of this person has just taken one of the small ones along.
                continue
        return None

    async def _gather(self, charge: Charge) -> list[Charge]:
        """Small charges that the first attempt takes along; later attempts are for the same money."""
        if charge.attempts:
            return []
        found, total = [], charge.amount_in_cents
        for each in await self._charges.too_small(charge.payer_id):
            if each.id != charge.id and total + each.amount_in_cents <= pricing.LARGEST_CHARGE_IN_CENTS:
                found.append(each)
                total += each.amount_in_cents
        return found

    async def _next_attempt(self, charge: Charge) -> Attempt | None:
        """None without a card."""
        wallet = await self._wallets.get(charge.payer_id)
        card = next((card for card in wallet.cards if card.id == wallet.default_card), None)
        if wallet.customer_id is None or card is None:
            return None
        payout_account = await self._payout_account(charge)
        fee = charge.total_in_cents - charge.host_share_in_cents if payout_account else 0
        return Attempt(
            number=len(charge.attempts) + 1,
            customer_id=wallet.customer_id,
            card_id=card.id,
            card_brand=card.brand,
            card_last4=card.last4,
            total_in_cents=charge.total_in_cents,
            payout_account=payout_account,
            platform_fee_in_cents=fee,
            started=self._clock.now(),
        )

    async def _payout_account(self, charge: Charge) -> str | None:
        """Where the host's share goes with the charge itself; None when it is kept for him."""
        if charge.host_id is None or not charge.host_share_in_cents:
            return None
        if any(attempt.reason in rules.PAYOUT_PROBLEMS for attempt in charge.attempts):
            return None
        account = await self._wallet.payout_account(charge.host_id)
        if account is not None and await self._ledger.balance(ledger.owed(charge.host_id)) < 0:
            # He was paid what was given back later: this share makes up for it, and what is left of it is paid out.
            return None
        return account

    async def _ask(self, charge: Charge, attempt: Attempt) -> ChargeOutcome:
        try:
            return await self._payments.charge(
                amount_in_cents=attempt.total_in_cents,
                customer_id=attempt.customer_id,
                payment_method=attempt.card_id,
                description=f"{charge.kind.value.capitalize()} {charge.booking_id}",
                key=rules.attempt_key(charge.id, attempt.number),
                metadata={"charge_id": charge.id, "attempt": str(attempt.number)},
                payout_account=attempt.payout_account,
                platform_fee_in_cents=attempt.platform_fee_in_cents,
                first_tried_at=attempt.started,
            )
        except Exception as error:
            log.exception("the outcome of charge %s is unknown", charge.id)
            return ChargeOutcome(ChargeState.UNKNOWN, reason=type(error).__name__)

    async def _succeed(self, charge: Charge, attempt: Attempt, payment_id: str) -> None:
        recorded = await self._charges.succeed(
            charge.id,
            attempt.number,
            payment_id=payment_id,
            payout_account=attempt.payout_account,
            now=self._clock.now(),
        )
        if not recorded:
            known = await self._charges.get(charge.id)
            if known is None or known.payment_id != payment_id:
                log.error("charge %s was paid a second time, by %s: give it back", charge.id, payment_id)

    async def _fail(self, charge: Charge, attempt: Attempt, outcome: ChargeOutcome) -> None:
        now, reason = self._clock.now(), outcome.reason or "declined"
        if reason in rules.PAYOUT_PROBLEMS and attempt.payout_account is not None:
            # No fault of the card: once more at once, and the host's share is kept for him.
            await self._charges.fail(
                charge.id, attempt.number, state=State.DUE, reason=reason, next_at=now, now=now
            )
            return
        needs_holder = outcome.state is ChargeState.NEEDS_CARDHOLDER
        state, next_at = rules.after_failure(
            charge, State.NEEDS_CARDHOLDER if needs_holder else State.DECLINED, now
        )
        wallet = await self._wallets.get(charge.payer_id)
        if wallet.default_card not in (None, attempt.card_id):
            # He gave another card while this one was being tried.
            state, next_at = State.DECLINED, now
        await self._charges.fail(
            charge.id, attempt.number, state=state, reason=reason, next_at=next_at, now=now
        )
