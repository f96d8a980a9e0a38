"""The ledger: entries that are only ever added, each a set of legs that adds up to zero.

A leg says how much value flowed into an account, in whole cents. Balances are what the legs add up to: positive
for who has or is owed something, negative for where it came from. `due(7)` is negative while person 7 owes for
calls, `card` is what the card company took, `owed(9)` what the service still owes host 9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from thserver.domain.charges import Charge

CARD = "card"
PLATFORM = "platform"
BILLED = "billed"
DISPUTED = "disputed"


def due(person_id: int) -> str:
    """What a person has been billed and has not paid."""
    return f"person:{person_id}:due"


def owed(person_id: int) -> str:
    """A host's shares that are kept for him until he has a payout account."""
    return f"person:{person_id}:owed"


def whose_owed(account: str) -> int | None:
    """The host whose kept shares this account is; None for any other account."""
    who = account.removeprefix("person:").removesuffix(":owed")
    return int(who) if account == f"person:{who}:owed" and who.isdecimal() else None


def transferred(person_id: int) -> str:
    """A host's shares that the card company has passed on to his payout account."""
    return f"person:{person_id}:transferred"


def billed_id(charge_id: str) -> str:
    return f"billed:{charge_id}"


def paid_id(charge_id: str) -> str:
    return f"paid:{charge_id}"


@dataclass(frozen=True, slots=True)
class Leg:
    account: str
    amount_in_cents: int


@dataclass(frozen=True, slots=True)
class Entry:
    """`id` is deterministic: the same thing is never entered twice. Raises ValueError when it is not balanced."""

    id: str
    legs: tuple[Leg, ...]
    charge_id: str
    at: datetime

    def __post_init__(self) -> None:
        if any(type(leg.amount_in_cents) is not int for leg in self.legs):
            raise ValueError("amounts are whole cents")
        if sum(leg.amount_in_cents for leg in self.legs):
            raise ValueError(f"{self.id} does not add up to zero")

    @property
    def what(self) -> str:
        return self.id.partition(":")[0]

    def amount_into(self, account: str) -> int:
        return sum(leg.amount_in_cents for leg in self.legs if leg.account == account)


def billed(charge: Charge, at: datetime) -> Entry:
    """The person owes the amount of this charge."""
    flows = Counter({due(charge.payer_id): -charge.amount_in_cents, BILLED: charge.amount_in_cents})
    return _entry(billed_id(charge.id), flows, charge, at)


def paid(charge: Charge, carried: Sequence[Charge], at: datetime) -> Entry:
    """The card has paid for this charge and for those that it carries."""
    flows: Counter[str] = Counter()
    for each in (charge, *carried):
        flows[CARD] -= each.amount_in_cents
        flows[due(each.payer_id)] += each.amount_in_cents
        flows[BILLED] -= each.amount_in_cents
        flows[PLATFORM] += each.platform_fee_in_cents
        if each.host_id is not None:
            is_passed_on = each is charge and charge.payout_account is not None
            account = transferred(each.host_id) if is_passed_on else owed(each.host_id)
            flows[account] += each.host_share_in_cents
    return _entry(paid_id(charge.id), flows, charge, at)


def refunded(charge: Charge, payment: Entry, *, before: int, after: int, at: datetime) -> Entry:
    """What was given back rose from `before` to `after` cents: everybody gives back in proportion of `payment`.

    Rounded so that a refund in full, in however many parts, gives back exactly what everybody got.
    """
    total = charge.total_in_cents
    flows: Counter[str] = Counter({CARD: after - before})
    for leg in payment.legs:
        if leg.account.endswith((":owed", ":transferred")):
            flows[leg.account] -= _part(leg, after, total) - _part(leg, before, total)
    flows[PLATFORM] -= sum(flows.values())
    return _entry(f"refunded:{charge.id}:{before}-{after}", flows, charge, at)


def refund_failed(charge: Charge, refund_id: str, amount_in_cents: int, at: datetime) -> Entry:
    """A refund that had been entered did not reach the card: the platform keeps it until somebody looks."""
    return _entry(
        f"refund_failed:{refund_id}",
        Counter({CARD: -amount_in_cents, PLATFORM: amount_in_cents}),
        charge,
        at,
    )


def dispute(charge: Charge, dispute_id: str, amount_in_cents: int, *, is_won: bool, at: datetime) -> Entry:
    """The card company took the money back (or, when the dispute is won, gave it again)."""
    amount = -amount_in_cents if is_won else amount_in_cents
    flow = Counter({CARD: amount, DISPUTED: -amount})
    return _entry(f"dispute_{'won' if is_won else 'lost'}:{dispute_id}", flow, charge, at)


def balances(entries: Iterable[Entry]) -> dict[str, int]:
    """What every account comes to."""
    found: Counter[str] = Counter()
    for entry in entries:
        for leg in entry.legs:
            found[leg.account] += leg.amount_in_cents
    return dict(found)


def _part(leg: Leg, given_back: int, total: int) -> int:
    return leg.amount_in_cents * given_back // total


def _entry(id: str, flows: Counter[str], charge: Charge, at: datetime) -> Entry:
    legs = tuple(Leg(account, amount) for account, amount in sorted(flows.items()) if amount)
    return Entry(id, legs, charge.id, at)
