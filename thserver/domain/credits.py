"""Credits: what a meeting costs, entries that are only ever added, and which of them add up to what.

An entry moves so many credits of one person: `free` are his to use, `held` wait for a meeting to end. What all
entries come to is what was given for nothing and what was bought: a meeting only moves credits between people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from thserver.domain import ledger
from thserver.domain.errors import Invalid, WrongState

MEETING_COSTS = 1
INITIAL_CREDITS = 1
PRICE_IN_CENTS = 100
CURRENCY = "usd"
MOST_AT_ONCE = 100_000
# The account of the money ledger into which purchases flow.
SOLD = "credits"


PURCHASE = "purchase"


class NotEnoughCredits(WrongState):
    """There are not so many free credits."""

    code = "not_enough_credits"


class AlreadySettled(WrongState):
    """The credit of this meeting has gone where it belongs."""

    code = "already_settled"


class Kind(StrEnum):
    INITIAL = "initial"
    PURCHASED = "purchased"
    HELD = "held"
    RELEASED = "released"
    SPENT = "spent"
    EARNED = "earned"


# What a person reads in his list of transactions; holding and giving back is shown by the balance.
SHOWN = frozenset({Kind.INITIAL, Kind.PURCHASED, Kind.SPENT, Kind.EARNED})
SOURCES = frozenset({Kind.INITIAL, Kind.PURCHASED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`id` is deterministic: nothing is entered twice. `number` is what clients call it, where they see it."""

    id: str
    kind: Kind
    person_id: int
    free: int = 0
    held: int = 0
    booking_id: int | None = None
    number: int | None = None
    at: datetime

    @property
    def amount(self) -> int:
        """As it is shown: never negative."""
        return abs(self.free + self.held)


@dataclass(frozen=True, slots=True)
class Hold:
    """The credit of one meeting, on its way to `host_id`. `completed` is when the meeting was."""

    booking_id: int
    host_id: int
    at: datetime
    completed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a person's entries come to."""

    person_id: int
    free: int
    holds: tuple[Hold, ...] = ()
    updated: datetime

    def hold_for(self, booking_id: int) -> Hold | None:
        return next((hold for hold in self.holds if hold.booking_id == booking_id), None)


class PurchaseState(StrEnum):
    PENDING = "pending"  # the card company has not said yet
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Credits that somebody wants to buy, with everything that is needed to ask for the money again.

    Without a customer nothing is asked of anybody: a purchase for trying things out. `transaction_id` is what the
    buyer is told, `payment_id` the card company's.
    """

    id: int
    person_id: int
    credits: int
    payment_method: str
    state: PurchaseState = PurchaseState.PENDING
    customer_id: str | None = None
    card_id: str | None = None
    transaction_id: str | None = None
    payment_id: str | None = None
    reason: str | None = None
    created: datetime
    updated: datetime

    @property
    def amount_in_cents(self) -> int:
        return self.credits * PRICE_IN_CENTS

    @property
    def key(self) -> str:
        """Names it to the card company and in the money ledger."""
        return f"{PURCHASE}:{self.id}"


def initial(person_id: int, *, number: int, at: datetime) -> Entry:
    return Entry(
        id=f"initial:{person_id}",
        kind=Kind.INITIAL,
        person_id=person_id,
        free=INITIAL_CREDITS,
        number=number,
        at=at,
    )


def held(booking_id: int, person_id: int, *, at: datetime) -> Entry:
    return Entry(
        id=f"hold:{booking_id}",
        kind=Kind.HELD,
        person_id=person_id,
        free=-MEETING_COSTS,
        held=MEETING_COSTS,
        booking_id=booking_id,
        at=at,
    )


def released(booking_id: int, person_id: int, *, at: datetime) -> Entry:
    return Entry(
        id=f"release:{booking_id}",
        kind=Kind.RELEASED,
        person_id=person_id,
        free=MEETING_COSTS,
        held=-MEETING_COSTS,
        booking_id=booking_id,
        at=at,
    )


def settled(
    booking_id: int, *, by: int, to: int, amount: int, numbers: tuple[int, int], at: datetime
) -> tuple[Entry, Entry]:
    """The held credit, and what `amount` has beyond it as a tip, from one person to the other."""
    spent = Entry(
        id=f"settle:{booking_id}:spent",
        kind=Kind.SPENT,
        person_id=by,
        free=-(amount - MEETING_COSTS),
        held=-MEETING_COSTS,
        booking_id=booking_id,
        number=numbers[0],
        at=at,
    )
    earned = Entry(
        id=f"settle:{booking_id}:earned",
        kind=Kind.EARNED,
        person_id=to,
        free=amount,
        booking_id=booking_id,
        number=numbers[1],
        at=at,
    )
    return spent, earned


def entry_ids_of(booking_id: int) -> tuple[str, ...]:
    """Every entry that there can be for a meeting."""
    return (
        f"hold:{booking_id}", f"release:{booking_id}", f"settle:{booking_id}:spent", f"settle:{booking_id}:earned",
    )  # fmt: skip


def purchased(purchase: Purchase, *, number: int, at: datetime) -> Entry:
    return Entry(
        id=purchase.key,
        kind=Kind.PURCHASED,
        person_id=purchase.person_id,
        free=purchase.credits,
        number=number,
        at=at,
    )


def money_entry(purchase: Purchase, at: datetime) -> ledger.Entry:
    """The same purchase in the ledger of money."""
    amount = purchase.amount_in_cents
    return ledger.Entry(
        id=f"paid:{purchase.key}",
        legs=(ledger.Leg(ledger.CARD, -amount), ledger.Leg(SOLD, amount)),
        charge_id=purchase.key,
        at=at,
    )


def is_purchase(key: str) -> bool:
    """Whether this names a purchase to the card company and in the money ledger."""
    return key.startswith(f"{PURCHASE}:")


def purchase_of_key(key: str) -> int | None:
    """The purchase whose key this is; None for a key that is none of a purchase."""
    number = key.partition(":")[2]
    return int(number) if is_purchase(key) and number.isdecimal() and len(number) < 19 else None


def check_price(credits: int, amount_in_cents: int) -> None:
    """Raises Invalid when this is not what so many credits cost."""
    if amount_in_cents != credits * PRICE_IN_CENTS:
        raise Invalid(amount="not_the_price")


@dataclass
class _Count:
    """What one person's entries come to."""

    free: int = 0
    held: Counter[int] = field(default_factory=Counter)
    initials: int = 0


def differences(accounts: Iterable[Account], entries: Iterable[Entry]) -> list[str]:
    """Where accounts and entries do not agree, or credits were made or lost: one line for each."""
    counts: defaultdict[int, _Count] = defaultdict(_Count)
    moved: defaultdict[int, int] = defaultdict(int)
    closings: defaultdict[int, set[Kind]] = defaultdict(set)
    opened: set[int] = set()
    all_told = sources = 0
    for entry in entries:
        count = counts[entry.person_id]
        count.free += entry.free
        all_told += entry.free + entry.held
        if entry.kind in SOURCES:
            sources += entry.free
            count.initials += entry.kind is Kind.INITIAL
        elif entry.booking_id is not None:
            count.held[entry.booking_id] += entry.held
            moved[entry.booking_id] += entry.free + entry.held
            if entry.kind is Kind.HELD:
                opened.add(entry.booking_id)
            elif entry.kind is not Kind.EARNED:
                closings[entry.booking_id].add(entry.kind)
    wrong = []
    for account in accounts:
        wrong += _differences_of(account, counts.pop(account.person_id, _Count()))
    wrong += [f"person {person_id}: entries, and no account" for person_id in counts]
    wrong += [
        f"meeting {booking_id}: {sum} credits out of nothing" for booking_id, sum in moved.items() if sum
    ]
    for booking_id, kinds in closings.items():
        if len(kinds) > 1 or booking_id not in opened:
            wrong.append(f"meeting {booking_id}: {', '.join(sorted(kinds))}, held: {booking_id in opened}")
    if all_told != sources:
        wrong.append(f"all credits: {all_told} are there, {sources} were given and bought")
    return wrong


def _differences_of(account: Account, count: _Count) -> list[str]:
    who = f"person {account.person_id}"
    wrong = []
    if account.free < 0:
        wrong.append(f"{who}: {account.free} free credits")
    if account.free != count.free:
        wrong.append(f"{who}: {account.free} free credits in the account, {count.free} by the entries")
    there = Counter({hold.booking_id: MEETING_COSTS for hold in account.holds})
    if len(there) != len(account.holds):
        wrong.append(f"{who}: two holds for one meeting")
    by_entries = Counter({booking_id: n for booking_id, n in count.held.items() if n})
    for booking_id in sorted(there.keys() | by_entries.keys()):
        if there[booking_id] != by_entries[booking_id]:
            wrong.append(
                f"{who}: {there[booking_id]} held for meeting {booking_id}, {by_entries[booking_id]} by the entries"
            )
    if count.initials != 1:
        wrong.append(f"{who}: {count.initials} first credits")
    return wrong
