"""Paying heroes what was kept for them, once their payout accounts can take it.

Written down first, asked for under the payout's own key, and entered in the ledger before the payout is closed. What
is kept is read after the host's last payout is known to be closed, and the next payout's number is one more than
that one's: so of two that read the same balance, one is refused.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from store.database import Database
from store.wallets import WalletRecord
from thserver import kill_points
from thserver.domain import ledger
from thserver.domain import payouts as rules
from thserver.domain.errors import AlreadyExists
from thserver.domain.payouts import OPEN, Payout, State
from thserver.domain.ports import ChargeOutcome, ChargeState, Clock, Payments
from thserver.services.background import one_of_many
from thserver.services.wallet import Wallet

log = logging.getLogger("thserver.payouts")

kill_points.POINTS |= {
    "payout.written": "the payout is written down; nothing has been asked of the card company",
    "payout.answered": "the card company has answered; the outcome is not recorded",
    "payout.entered": "the ledger has its entry; the payout is still open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept for a host, in cents: less than nothing when he was paid out what was given back later.
    `why` is no_account, not_ready, refused, reversed, on_its_way, in_doubt, soon or paid_too_much."""

    host_id: int
    amount_in_cents: int
    since: datetime | None
    why: str
    reason: str | None = None
    can_be_paid: bool = False


class Payouts:
    def __init__(self, *, database: Database, clock: Clock, payments: Payments, wallet: Wallet) -> None:
        self._payouts = database.payouts
        self._wallets = database.wallets
        self._ledger = database.ledger
        self._clock = clock
        self._payments = payments
        self._wallet = wallet

    async def pay_kept(self) -> int:
        """Send what is kept to those who can be paid now, and find out about what is not known. Says how many."""
        now, done = self._clock.now(), 0
        for payout_id in await self._payouts.ready(now):
            with one_of_many(payout_id):
                await self._send(payout_id)
                done += 1
        for wallet in await self._wallets.with_kept(due=now):
            with one_of_many(f"what is kept for person {wallet.person_id}"):
                done += await self._look_at(wallet) is not None
        return done

    async def pay(self, host_id: int) -> Payout | None:
        """Pay this host now, even if the card company has just refused. The payout as it stands then; None when
        there is nothing to pay or his account can not take it."""
        latest = await self._payouts.latest_of(host_id)
        if latest is not None and latest.state in OPEN:
            await self._payouts.hurry(latest.id, self._clock.now())
            await self._send(latest.id)
            return await self._payouts.get(latest.id)
        return await self._look_at(await self._wallets.get(host_id), by_hand=True)

    async def reversed(self, transfer_id: str, altogether_in_cents: int) -> bool:
        """The card company took so much of a payout back from the host. False when it is no payout of ours.

        What is kept for him again then is paid by hand only: somebody had a reason.
        """
        payout = await self._payouts.with_transfer(transfer_id)
        if payout is None:
            return False
        now = self._clock.now()
        await self._payouts.reversed(payout.id, altogether_in_cents, now=now)
        while (before := await self._entered_as_reversed(payout)) < altogether_in_cents:
            entry = rules.reversed_payout(payout, before=before, after=altogether_in_cents, at=now)
            await self._ledger.add(entry)
        await self._wallets.something_kept(payout.host_id, at=now)
        return True

    async def _entered_as_reversed(self, payout: Payout) -> int:
        entries = await self._ledger.of_charge(payout.id)
        owed = ledger.owed(payout.host_id)
        return sum(entry.amount_into(owed) for entry in entries if entry.what == rules.REVERSED)

    async def kept(self, *, limit: int = 100) -> list[Kept]:
        """For whom something is kept, the longest first, and why."""
        wallets = await self._wallets.with_kept(limit=limit)
        balances = await self._ledger.balances([ledger.owed(each.person_id) for each in wallets])
        found = []
        for wallet in wallets:
            amount = balances.get(ledger.owed(wallet.person_id), 0)
            if amount:
                latest = await self._payouts.latest_of(wallet.person_id) if wallet.payout_account else None
                found.append(_kept(wallet, amount, latest))
        return found

    async def recent(self, *, limit: int = 20) -> list[Payout]:
        return await self._payouts.recent(limit=limit)

    async def _look_at(self, wallet: WalletRecord, *, by_hand: bool = False) -> Payout | None:
        """Make and send the next payout of a host, if there is something to pay and he can be paid."""
        now, host_id = self._clock.now(), wallet.person_id
        latest = await self._payouts.latest_of(host_id)
        if latest is not None and latest.state in OPEN:
            # Looked after by itself; what has come since is looked at when that is done.
            await self._later(wallet, now + rules.LONGEST_PAUSE)
            return None
        # Only now: the ledger knows of every payout that is closed.
        amount = await self._ledger.balance(ledger.owed(host_id))
        if amount == 0 and wallet.kept is not None:
            await self._wallets.nothing_kept(host_id, wallet.kept)
        if amount <= 0:
            await self._later(wallet, now + rules.NEXT_TRY_AFTER)
            return None
        if latest is not None and latest.reversed_in_cents and not by_hand:
            await self._later(wallet, now + rules.NEXT_TRY_AFTER)
            return None
        if latest is not None and latest.state is State.FAILED and not by_hand:
            next_try = latest.updated + rules.NEXT_TRY_AFTER
            if now < next_try:
                await self._later(wallet, next_try)
                return None
        account = await self._wallet.payout_account(host_id)
        if account is None:
            await self._later(wallet, now + rules.LOOK_AGAIN_AFTER)
            return None
        payout = Payout(
            host_id=host_id,
            number=latest.number + 1 if latest is not None else 1,
            account=account,
            amount_in_cents=amount,
            next_at=now,
            created=now,
            updated=now,
        )
        try:
            await self._payouts.add(payout)
        except AlreadyExists:
            return None
        kill_points.reached("payout.written")
        await self._send(payout.id)
        return await self._payouts.get(payout.id)

    async def _send(self, payout_id: str) -> None:
        """Ask the card company for this transfer, unless somebody else is at it."""
        token, now = secrets.token_hex(8), self._clock.now()
        payout = await self._payouts.claim(payout_id, token, now=now, until=now + rules.LEASE)
        if payout is None:
            return
        outcome = await self._ask(payout)
        kill_points.reached("payout.answered")
        now = self._clock.now()
        match outcome.state:
            case ChargeState.SUCCEEDED if outcome.charge_id is not None:
                # Entered before it is closed: whoever makes the next one counts on it.
                await self._ledger.add(rules.paid_out(payout, now))
                kill_points.reached("payout.entered")
                await self._payouts.paid(payout.id, outcome.charge_id, now=now)
                log.info("%s: %s cents were passed on to person %s", payout.id, payout.amount_in_cents, payout.host_id)  # fmt: skip
            case ChargeState.DECLINED | ChargeState.NEEDS_CARDHOLDER:
                reason = outcome.reason or "refused"
                await self._payouts.failed(payout.id, token, reason, now=now)
                log.warning("%s was refused: %s", payout.id, reason)
            case _:
                # What may have been sent stays in doubt, even if a later try surely sent nothing.
                in_doubt = outcome.state is not ChargeState.RETRY or payout.state is State.UNKNOWN
                await self._payouts.postpone(
                    payout.id,
                    token,
                    state=State.UNKNOWN if in_doubt else State.DUE,
                    reason=outcome.reason,
                    until=now + rules.pause_before_repeat(payout, now),
                    now=now,
                )

    async def _ask(self, payout: Payout) -> ChargeOutcome:
        try:
            return await self._payments.transfer(
                amount_in_cents=payout.amount_in_cents,
                account=payout.account,
                description=f"Kept shares, payout {payout.number}",
                key=payout.key,
                first_tried_at=payout.created,
            )
        except Exception as error:
            log.exception("the outcome of %s is unknown", payout.id)
            return ChargeOutcome(ChargeState.UNKNOWN, reason=type(error).__name__)

    async def _later(self, wallet: WalletRecord, moment: datetime) -> None:
        if wallet.kept is not None:
            await self._wallets.look_at_kept(wallet.person_id, wallet.kept, at=moment)


def _kept(wallet: WalletRecord, amount_in_cents: int, latest: Payout | None) -> Kept:
    reason = None
    if amount_in_cents < 0:
        why = "paid_too_much"
    elif wallet.payout_account is None:
        why = "no_account"
    elif latest is not None and latest.state in OPEN:
        why, reason = ("in_doubt" if latest.state is State.UNKNOWN else "on_its_way"), latest.reason
    elif not wallet.payout_ready:
        why = "not_ready"
    elif latest is not None and latest.reversed_in_cents:
        why = "reversed"
    elif latest is not None and latest.state is State.FAILED:
        why, reason = "refused", latest.reason
    else:
        why = "soon"
    return Kept(
        host_id=wallet.person_id,
        amount_in_cents=amount_in_cents,
        since=wallet.kept_since,
        why=why,
        reason=reason,
        can_be_paid=why in ("refused", "reversed", "soon", "not_ready", "on_its_way", "in_doubt"),
    )
