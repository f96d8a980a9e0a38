"""The ledger's entries: always balanced, and a refund in parts gives back exactly what everybody got."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from thserver.domain import ledger
from thserver.domain.charges import Charge, Kind, State, attempt_key, attempt_of_key
from thserver.domain.ledger import Entry, Leg
from thserver.domain.pricing import platform_fee

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def a_charge(amount: int, *, host: int | None = 9, percent: int = 15, id: str = "call:1:CF1") -> Charge:
    return Charge(
        id=id,
        kind=Kind.CALL,
        state=State.SUCCEEDED,
        payer_id=7,
        host_id=host,
        booking_id=1,
        price_in_cents=amount,
        amount_in_cents=amount,
        platform_fee_in_cents=platform_fee(amount, percent=percent) if host is not None else amount,
        created=NOW,
        updated=NOW,
    )


def test_what_does_not_add_up_is_no_entry() -> None:
    with pytest.raises(ValueError, match="zero"):
        Entry("x", (Leg("a", 1), Leg("b", -2)), "call:1:CF1", NOW)
    with pytest.raises(ValueError, match="whole cents"):
        Entry("x", (Leg("a", 1.5), Leg("b", -1.5)), "call:1:CF1", NOW)  # type: ignore[arg-type]


def test_a_bill_and_its_payment_leave_nothing_due() -> None:
    charge = a_charge(4200)
    found = ledger.balances([ledger.billed(charge, NOW), ledger.paid(charge, [], NOW)])
    assert found == {
        "card": -4200,
        "person:7:due": 0,
        "billed": 0,
        "person:9:owed": 3570,
        "platform": 630,
    }


def test_the_share_of_a_payout_account_is_not_owed() -> None:
    charge = a_charge(4200)
    charge.payout_account = "acct_1"
    found = ledger.balances([ledger.paid(charge, [], NOW)])
    assert (found["person:9:transferred"], found.get("person:9:owed")) == (3570, None)


def test_a_carried_charge_is_paid_for_its_own_host() -> None:
    small, large = a_charge(30, host=8, id="call:0:CF0"), a_charge(1000)
    large.carried_in_cents = 30
    found = ledger.balances([ledger.paid(large, [small], NOW)])
    assert (found["card"], found["person:8:owed"], found["person:9:owed"]) == (-1030, 26, 850)


def test_a_fee_is_all_the_platforms() -> None:
    found = ledger.balances([ledger.paid(a_charge(500, host=None), [], NOW)])
    assert (found["card"], found["platform"]) == (-500, 500)


def test_a_lost_dispute_that_is_won_after_all_leaves_nothing() -> None:
    charge = a_charge(100)
    lost = ledger.dispute(charge, "dp_1", 100, is_won=False, at=NOW)
    won = ledger.dispute(charge, "dp_1", 100, is_won=True, at=NOW)
    assert set(ledger.balances([lost, won]).values()) == {0}


@pytest.mark.parametrize("seed", range(100))
def test_refunds_in_whatever_parts_give_back_exactly_what_everybody_got(seed: int) -> None:
    chance = random.Random(seed)
    amount = chance.randrange(50, 100_000)
    charge = a_charge(amount, percent=chance.randrange(101))
    payment = ledger.paid(charge, [], NOW)
    steps = sorted({0, amount, *(chance.randrange(amount) for _ in range(chance.randrange(6)))})
    entries = [payment] + [
        ledger.refunded(charge, payment, before=before, after=after, at=NOW)
        for before, after in zip(steps, steps[1:], strict=False)
    ]
    found = ledger.balances(entries)
    assert (found["card"], found.get("platform", 0), found.get("person:9:owed", 0)) == (0, 0, 0)
    for entry in entries[1:]:
        assert entry.amount_into("person:9:owed") <= 0
        assert entry.amount_into("card") > 0


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (attempt_key("call:12:CF1", 3), ("call:12:CF1", 3)),
        (attempt_key("cancelation:12", 1), ("cancelation:12", 1)),
        ("charge:call:12:CF1:", None),
        ("charge:1", None),
        ("refund:call:12:CF1:1", None),
        ("charge:call:12:CF1:²", None),
        ("charge:call:12:CF1:99999999999", None),
        ("", None),
    ],
)
def test_a_key_says_which_attempt_it_is(key: str, found: tuple[str, int] | None) -> None:
    assert attempt_of_key(key) == found
