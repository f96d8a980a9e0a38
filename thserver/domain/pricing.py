"""What a call costs: a pure function of the time that was shared and the rate that was fixed at agreement.

The rule: overlapping intervals count once; less than sixty seconds are free; from then on every started minute
counts; no booking is billed more than its ceiling. All amounts are whole cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from thserver.domain.conferences import Interval

FREE_BELOW = timedelta(seconds=60)
MINUTE = timedelta(minutes=1)
# What the card company takes at least in US dollars; less is carried over to the person's next charge.
LEAST_CHARGE_IN_CENTS = 50
# And at most in one charge.
LARGEST_CHARGE_IN_CENTS = 99_999_999


@dataclass(frozen=True, slots=True)
class Price:
    """`intervals` are disjoint and in order; `minutes` is what they cost, 0 when they are free."""

    intervals: tuple[Interval, ...]
    minutes: int
    amount_in_cents: int


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time as disjoint intervals in order: what overlaps or touches becomes one, what is empty goes."""
    found: list[Interval] = []
    for start, end in sorted((start, end) for start, end in intervals if end > start):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def billable_minutes(shared: timedelta, *, most_minutes: int) -> int:
    """0 below sixty seconds, then every started minute, up to the ceiling."""
    if shared < FREE_BELOW:
        return 0
    return min(-(-shared // MINUTE), most_minutes)


def price(intervals: Iterable[Interval], *, rate_in_cents: int, most_minutes: int) -> Price:
    """The price of all this time together at a rate per minute."""
    disjoint = merged(intervals)
    shared = sum((end - start for start, end in disjoint), timedelta(0))
    minutes = billable_minutes(shared, most_minutes=most_minutes)
    amount = min(minutes * max(rate_in_cents, 0), LARGEST_CHARGE_IN_CENTS)
    return Price(disjoint, minutes, amount)


def platform_fee(amount_in_cents: int, *, percent: int) -> int:
    """The platform's part, rounded down to the cent; the host gets all the rest."""
    return amount_in_cents * percent // 100


def host_share(amount_in_cents: int, *, percent: int) -> int:
    """What the host gets of a price after the platform's fee."""
    return amount_in_cents - platform_fee(amount_in_cents, percent=percent)


def is_collectable(amount_in_cents: int) -> bool:
    """Whether the card company takes so little at all."""
    return amount_in_cents >= LEAST_CHARGE_IN_CENTS
