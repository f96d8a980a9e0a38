"""Payouts: what was kept for a host is sent to his payout account once that can take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from thserver.domain import ledger

LEASE = timedelta(seconds=30)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
# The card company refused: so long until a new payout is made by itself.
NEXT_TRY_AFTER = timedelta(days=1)
# An account that could not take money is asked about again; the card company also tells when it is ready.
LOOK_AGAIN_AFTER = timedelta(hours=1)
PAYOUT = "payout"
REVERSED = "payout_reversed"


class State(StrEnum):
    DUE = "due"  # surely not sent yet
    UNKNOWN = "unknown"  # asked for, and nobody knows whether it was sent: asked again under its key only
    PAID = "paid"
    FAILED = "failed"  # surely refused; what is kept goes into another payout


OPEN = frozenset({State.DUE, State.UNKNOWN})


@dataclass(slots=True, kw_only=True)
class Payout:
    """One transfer to a host, the `number`-th. Of one host at most one is open, and the ledger knows of those
    before it when it is made: what it sends cannot be in two. `reversed_in_cents` has been taken back from him."""

    host_id: int
    number: int
    account: str
    amount_in_cents: int
    state: State = State.DUE
    tries: int = 0
    transfer_id: str | None = None
    reversed_in_cents: int = 0
    reason: str | None = None
    next_at: datetime | None = None
    created: datetime
    updated: datetime

    @property
    def id(self) -> str:
        return payout_id(self.host_id, self.number)

    @property
    def key(self) -> str:
        """The Idempotency-Key of the transfer."""
        return f"transfer:{self.id}"


def payout_id(host_id: int, number: int) -> str:
    return f"{PAYOUT}:{host_id}:{number}"


def is_payout(charge_id: str) -> bool:
    """Whether an entry of the ledger is about a payout."""
    return charge_id.startswith(f"{PAYOUT}:")


def paid_out(payout: Payout, at: datetime) -> ledger.Entry:
    """What was kept for the host has been passed on to him."""
    amount = payout.amount_in_cents
    return ledger.Entry(
        id=paid_out_id(payout.id),
        legs=(
            ledger.Leg(ledger.owed(payout.host_id), -amount),
            ledger.Leg(ledger.transferred(payout.host_id), amount),
        ),
        charge_id=payout.id,
        at=at,
    )


def reversed_payout(payout: Payout, *, before: int, after: int, at: datetime) -> ledger.Entry:
    """What was taken back from the host rose from `before` to `after` cents. One entry for each `before`, so that
    of two that read the same one is refused."""
    amount = after - before
    return ledger.Entry(
        id=f"{REVERSED}:{payout.id}:{before}",
        legs=(
            ledger.Leg(ledger.owed(payout.host_id), amount),
            ledger.Leg(ledger.transferred(payout.host_id), -amount),
        ),
        charge_id=payout.id,
        at=at,
    )


def paid_out_id(payout_id: str) -> str:
    return f"paid_out:{payout_id}"


def pause_before_repeat(payout: Payout, now: datetime) -> timedelta:
    """How long until the same transfer is asked for again: as long as it has been tried for, within bounds."""
    return min(max(now - payout.created, FIRST_PAUSE), LONGEST_PAUSE)
