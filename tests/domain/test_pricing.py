"""The price of a call: the table that fixes the rounding rule, and what must hold for every call."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from thserver.domain.conferences import Interval
from thserver.domain.pricing import host_share, is_collectable, merged, platform_fee, price

START = datetime(2026, 3, 2, 18, 2, tzinfo=UTC)
MOST = 120


def spans(*seconds: tuple[float, float]) -> list[Interval]:
    """Intervals given in seconds after the start."""
    return [(START + timedelta(seconds=first), START + timedelta(seconds=last)) for first, last in seconds]


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        (0, 0),
        (1, 0),
        (59, 0),
        (59.999, 0),
        (60, 1),
        (60.001, 2),
        (61, 2),
        (119, 2),
        (120, 2),
        (121, 3),
        (3599, 60),
        (3600, 60),
        (3601, 61),
        (120 * 60, 120),
        (120 * 60 + 1, 120),
        (24 * 3600, 120),
    ],
)
def test_a_minute_is_free_and_then_every_started_minute_counts(seconds: float, minutes: int) -> None:
    found = price(spans((0, seconds)), rate_in_cents=150, most_minutes=MOST)
    assert (found.minutes, found.amount_in_cents) == (minutes, minutes * 150)


@pytest.mark.parametrize(
    ("intervals", "minutes"),
    [
        ([(0, 1080), (1320, 2760)], 42),  # a drop of four minutes in between
        ([(0, 30), (40, 69)], 0),  # 59 seconds in two parts
        ([(0, 30), (40, 70)], 1),  # 60 seconds in two parts
        ([(0, 600), (300, 900)], 15),  # overlap counts once
        ([(0, 600), (0, 600)], 10),  # the same twice
        ([(0, 600), (100, 200)], 10),  # one within the other
        ([(300, 600), (0, 300)], 10),  # touching, out of order
        ([(0, 0), (60, 60)], 0),  # empty ones
        ([(600, 0), (0, 60)], 1),  # one that ends before it starts counts for nothing
        ([], 0),
    ],
)
def test_only_shared_time_counts_through_drops_and_rejoins(
    intervals: list[tuple[float, float]], minutes: int
) -> None:
    assert price(spans(*intervals), rate_in_cents=100, most_minutes=MOST).amount_in_cents == minutes * 100


@pytest.mark.parametrize(
    ("amount", "percent", "fee", "share"),
    [
        (4200, 15, 630, 3570),
        (99, 15, 14, 85),
        (1, 15, 0, 1),
        (7, 50, 3, 4),
        (0, 15, 0, 0),
        (1000, 0, 0, 1000),
        (1000, 100, 1000, 0),
        (101, 33, 33, 68),
    ],
)
def test_the_fee_is_rounded_down_and_the_host_gets_the_rest(
    amount: int, percent: int, fee: int, share: int
) -> None:
    assert platform_fee(amount, percent=percent) == fee
    assert host_share(amount, percent=percent) == share


@pytest.mark.parametrize(("amount", "is_enough"), [(0, False), (49, False), (50, True), (51, True)])
def test_the_card_company_takes_no_less_than_fifty_cents(amount: int, is_enough: bool) -> None:
    assert is_collectable(amount) is is_enough


def test_a_free_hero_costs_nothing_and_a_dear_one_no_more_than_one_charge_can_hold() -> None:
    assert price(spans((0, 3600)), rate_in_cents=0, most_minutes=MOST).amount_in_cents == 0
    assert price(spans((0, 3600)), rate_in_cents=-5, most_minutes=MOST).amount_in_cents == 0
    assert price(spans((0, 7200)), rate_in_cents=10**7, most_minutes=MOST).amount_in_cents == 99_999_999


def some_intervals(chance: random.Random) -> list[tuple[int, int]]:
    return [
        (first, first + chance.randrange(-60, 900))
        for first in (chance.randrange(4000) for _ in range(chance.randrange(8)))
    ]


@pytest.mark.parametrize("seed", range(200))
def test_no_second_is_counted_twice_and_none_is_forgotten(seed: int) -> None:
    intervals = some_intervals(random.Random(seed))
    counted = {second for first, last in intervals for second in range(first, last)}
    disjoint = merged(spans(*intervals))
    assert sum((end - start for start, end in disjoint), timedelta(0)) == timedelta(seconds=len(counted))
    assert all(one[1] < other[0] for one, other in zip(disjoint, disjoint[1:], strict=False))
    expected = 0 if len(counted) < 60 else min(-(-len(counted) // 60), MOST)
    assert price(spans(*intervals), rate_in_cents=100, most_minutes=MOST).minutes == expected


@pytest.mark.parametrize("seed", range(200))
def test_more_time_never_costs_less_and_the_order_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    intervals = some_intervals(chance)
    more = [*intervals, *some_intervals(chance)]
    less_price = price(spans(*intervals), rate_in_cents=130, most_minutes=MOST)
    more_price = price(spans(*more), rate_in_cents=130, most_minutes=MOST)
    assert more_price.amount_in_cents >= less_price.amount_in_cents
    chance.shuffle(more)
    assert price(spans(*more), rate_in_cents=130, most_minutes=MOST) == more_price


@pytest.mark.parametrize("seed", range(50))
def test_fee_and_share_are_always_the_whole(seed: int) -> None:
    chance = random.Random(seed)
    amount, percent = chance.randrange(10**8), chance.randrange(101)
    assert platform_fee(amount, percent=percent) + host_share(amount, percent=percent) == amount
    assert 0 <= host_share(amount, percent=percent) <= amount
