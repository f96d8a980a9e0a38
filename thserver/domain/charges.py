"""A charge: what one person owes for one conference or one forced cancellation, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from thserver.domain import pricing
from thserver.domain.conferences import Interval

CURRENCY = "usd"
# How often a card is tried by itself until its holder gives another one.
MOST_TRIES = 4
NEXT_TRY_AFTER = timedelta(days=1)
LEASE = timedelta(seconds=15)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)


class Kind(StrEnum):
    CALL = "call"
    CANCELATION = "cancelation"


class State(StrEnum):
    FREE = "free"  # nothing is owed
    DUE = "due"  # no attempt has been made yet
    CHARGING = "charging"  # an attempt is under way
    UNKNOWN = "unknown"  # an attempt was made and nobody knows yet how it ended
    CARRIED = "carried"  # too little for the card company: waits for the person's next charge
    DECLINED = "declined"  # the last attempt surely failed; there will be another one
    NEEDS_CARDHOLDER = "needs_cardholder"  # the bank wants to see the card holder
    DEAD = "dead"  # tried often enough; a new card brings it back
    SUCCEEDED = "succeeded"  # paid; refunds do not change it


FINAL = frozenset({State.FREE, State.SUCCEEDED})
# What the sweep may work on once `next_at` has come.
WORKABLE = frozenset({State.DUE, State.CHARGING, State.UNKNOWN, State.DECLINED, State.NEEDS_CARDHOLDER})
UNPAID = frozenset({State.DECLINED, State.NEEDS_CARDHOLDER, State.DEAD})


# The card company's reasons that are about the host's payout account and say nothing about the card.
PAYOUT_PROBLEMS = frozenset(
    {
        "insufficient_capabilities_for_transfer",
        "account_invalid",
        "transfers_not_allowed",
        "platform_account_required",
    }
)


class Result(StrEnum):
    """How one attempt ended. OPEN may still turn out either way, so nothing else is tried meanwhile."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request for money with everything in it, so that it can be repeated word for word under its key."""

    number: int
    customer_id: str
    card_id: str
    card_brand: str = ""
    card_last4: str = ""
    total_in_cents: int
    payout_account: str | None = None
    platform_fee_in_cents: int = 0
    started: datetime
    result: Result = Result.OPEN
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back. `payment_refund_id` is the card company's own id, None while we do not know it."""

    key: str
    amount_in_cents: int
    made: datetime
    is_open: bool = True
    payment_refund_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Something about a charge that must still be written into the ledger or told to people."""

    id: str
    at: datetime

    @property
    def what(self) -> str:
        return self.id.partition(":")[0]

    @property
    def detail(self) -> str:
        return self.id.partition(":")[2]


@dataclass(slots=True, kw_only=True)
class Charge:
    """`price_in_cents` is for all time shared in the booking so far, `amount_in_cents` what this charge adds to it.

    `carries` are earlier charges of the same person that were too small and are collected with this one.
    `refunded_in_cents` is the most that is known to have been given back.
    """

    id: str
    kind: Kind
    state: State
    payer_id: int
    host_id: int | None = None
    booking_id: int
    conference_sid: str | None = None
    rate_in_cents: int = 0
    minutes: int = 0
    intervals: tuple[Interval, ...] = ()
    price_in_cents: int = 0
    amount_in_cents: int = 0
    platform_fee_in_cents: int = 0
    carries: tuple[str, ...] = ()
    carried_in_cents: int = 0
    paid_with: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    payment_id: str | None = None
    payout_account: str | None = None
    reason: str | None = None
    refunds: tuple[Refund, ...] = ()
    refunded_in_cents: int = 0
    news: tuple[News, ...] = ()
    next_at: datetime | None = None
    created: datetime
    updated: datetime

    @property
    def host_share_in_cents(self) -> int:
        return self.amount_in_cents - self.platform_fee_in_cents if self.host_id is not None else 0

    @property
    def already_charged_in_cents(self) -> int:
        return self.price_in_cents - self.amount_in_cents

    @property
    def total_in_cents(self) -> int:
        """What is taken from the card: this charge and what it carries."""
        return self.amount_in_cents + self.carried_in_cents

    @property
    def is_too_small(self) -> bool:
        """Whether it is collected with another charge."""
        return self.state is State.CARRIED or self.paid_with is not None

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that may still turn out either way."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.result is Result.OPEN else None

    @property
    def refundable_in_cents(self) -> int:
        if self.state is not State.SUCCEEDED or self.payment_id is None:
            return 0
        return self.total_in_cents - self.refunded_in_cents


def call_charge_id(booking_id: int, conference_sid: str) -> str:
    return f"call:{booking_id}:{conference_sid}"


def cancelation_charge_id(booking_id: int) -> str:
    return f"cancelation:{booking_id}"


def attempt_key(charge_id: str, number: int) -> str:
    """The Idempotency-Key of an attempt."""
    return f"charge:{charge_id}:{number}"


def attempt_of_key(key: str) -> tuple[str, int] | None:
    """The charge and the attempt whose key this is; None for a key that is not ours."""
    prefix, _, rest = key.partition(":")
    charge_id, _, number = rest.rpartition(":")
    if prefix != "charge" or not charge_id or not (number.isascii() and number.isdigit() and len(number) < 7):
        return None
    return charge_id, int(number)


def call_charge(
    *,
    booking_id: int,
    conference_sid: str,
    payer_id: int,
    host_id: int,
    rate_in_cents: int,
    price: pricing.Price,
    already_charged_in_cents: int,
    fee_percent: int,
    now: datetime,
) -> Charge:
    """The charge for a conference: the price of all shared time less what was charged for earlier conferences."""
    amount = max(price.amount_in_cents - already_charged_in_cents, 0)
    state = State.DUE if amount else State.FREE
    return Charge(
        id=call_charge_id(booking_id, conference_sid),
        kind=Kind.CALL,
        state=state,
        payer_id=payer_id,
        host_id=host_id,
        booking_id=booking_id,
        conference_sid=conference_sid,
        rate_in_cents=rate_in_cents,
        minutes=price.minutes,
        intervals=price.intervals,
        price_in_cents=price.amount_in_cents,
        amount_in_cents=amount,
        platform_fee_in_cents=pricing.platform_fee(amount, percent=fee_percent),
        news=(News("billed" if amount else "free", now),),
        next_at=now if amount else None,
        created=now,
        updated=now,
    )


def cancelation_charge(*, booking_id: int, payer_id: int, fee_in_cents: int, now: datetime) -> Charge:
    """The fee for a forced cancellation; all of it is the platform's."""
    return Charge(
        id=cancelation_charge_id(booking_id),
        kind=Kind.CANCELATION,
        state=State.DUE,
        payer_id=payer_id,
        booking_id=booking_id,
        price_in_cents=fee_in_cents,
        amount_in_cents=fee_in_cents,
        platform_fee_in_cents=fee_in_cents,
        news=(News("billed", now),),
        next_at=now,
        created=now,
        updated=now,
    )


def after_failure(charge: Charge, state: State, now: datetime) -> tuple[State, datetime | None]:
    """What follows when an attempt failed: another one in a day, or nothing until there is a new card."""
    if charge.tries >= MOST_TRIES:
        return State.DEAD, None
    return state, now + NEXT_TRY_AFTER


def pause_before_repeat(attempt: Attempt, now: datetime) -> timedelta:
    """How long to wait before the same request is repeated: as long as it has been tried for, within bounds."""
    return min(max(now - attempt.started, FIRST_PAUSE), LONGEST_PAUSE)
