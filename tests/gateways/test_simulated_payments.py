"""The simulated card company: Stripe's test cards and keys, and nothing forgotten by a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateways.simulated_payments_makers import (
    NOW,
    SettableClock,
    charge,
    company,
    customer_with,
)
from thserver.domain.errors import Invalid, NotFound, PaymentRefused
from thserver.domain.ports import ChargeOutcome, ChargeState
from thserver.gateways.simulated_records import Records


@pytest.mark.parametrize(
    ("test_card", "brand", "last4"),
    [("pm_card_visa", "visa", "4242"), ("pm_card_mastercard", "mastercard", "4444")],
)
async def test_a_good_test_card_becomes_a_card_of_the_customer_and_pays(
    test_card: str, brand: str, last4: str
) -> None:
    payments = company()
    who = await customer_with(payments, test_card)
    (card,) = await payments.cards(who[0])
    assert (card.id, card.brand, card.last4) == (who[1], brand, last4)
    assert who[1] != test_card
    assert (await payments.confirm_card(who[0], who[1])) == card
    outcome = await charge(payments, who)
    (intent,) = payments.intents()
    assert outcome == ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
    assert (intent["amount"], intent["status"], intent["metadata"]) == (2500, "succeeded", {"booking": "7"})


@pytest.mark.parametrize(
    ("test_card", "reason"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
    ],
)
async def test_a_card_that_is_refused_at_once_is_not_kept(test_card: str, reason: str) -> None:
    payments = company()
    customer, card = await customer_with(payments)
    with pytest.raises(PaymentRefused) as refused:
        await payments.confirm_card(customer, test_card)
    assert refused.value.reason == reason
    assert [shown.id for shown in await payments.cards(customer)] == [card]


@pytest.mark.parametrize(
    ("test_card", "state", "reason"),
    [
        ("pm_card_chargeCustomerFail", ChargeState.DECLINED, "generic_decline"),
        ("pm_card_authenticationRequired", ChargeState.NEEDS_CARDHOLDER, "authentication_required"),
        ("pm_card_authenticationRequiredOnSetup", ChargeState.SUCCEEDED, None),
        ("pm_card_authenticationRequiredSetupForOffSession", ChargeState.SUCCEEDED, None),
    ],
)
async def test_some_cards_are_kept_and_show_their_nature_when_charged(
    test_card: str, state: ChargeState, reason: str | None
) -> None:
    payments = company()
    who = await customer_with(payments, test_card)
    outcome = await charge(payments, who)
    assert (outcome.state, outcome.reason) == (state, reason)
    assert await charge(payments, who) == outcome
    assert len(payments.intents()) == 1


@pytest.mark.parametrize("payment_method", ["pm_nobody", "", "pm_card_Visa", "\ud800", "\x00"])
async def test_an_unknown_card_is_the_fields_fault(payment_method: str) -> None:
    payments = company()
    customer, _ = await customer_with(payments)
    with pytest.raises(Invalid) as invalid:
        await payments.confirm_card(customer, payment_method)
    assert invalid.value.problems == {"payment_method": "unknown"}
    await payments.detach_card(payment_method)


async def test_another_customers_card_and_a_detached_one_are_no_cards() -> None:
    payments = company()
    who = await customer_with(payments)
    other = await payments.create_customer(8, email=None, key="customer:8")
    with pytest.raises(Invalid):
        await payments.confirm_card(other, who[1])
    assert (await charge(payments, (other, who[1]))).state is ChargeState.DECLINED
    await payments.detach_card(who[1])
    await payments.detach_card(who[1])
    assert await payments.cards(who[0]) == []
    assert await charge(payments, who) == ChargeOutcome(ChargeState.DECLINED, reason="resource_missing")
    assert payments.intents() == []


async def test_the_same_key_makes_the_same_customer_and_account() -> None:
    payments = company()
    one = await payments.create_customer(7, email="a@example.com", key="customer:7")
    assert await payments.create_customer(7, email="b@example.com", key="customer:7") == one
    account = await payments.create_payout_account(9, email=None, key="payout:9")
    assert await payments.create_payout_account(9, email=None, key="payout:9") == account
    assert [customer["id"] for customer in payments.customers()] == [one]


async def test_a_key_stands_for_one_charge_whose_outcome_it_repeats() -> None:
    payments = company()
    who = await customer_with(payments)
    first = await charge(payments, who)
    assert await charge(payments, who) == first
    assert await charge(payments, who, description="other words") == first
    other_money = await charge(payments, who, amount_in_cents=9900)
    assert (other_money.state, other_money.reason) == (ChargeState.DECLINED, "idempotency_error")
    assert [intent["amount"] for intent in payments.intents()] == [2500]


async def test_a_refusal_before_the_card_was_tried_is_not_kept_under_the_key() -> None:
    payments = company()
    who = await customer_with(payments)
    small = await charge(payments, who, amount_in_cents=49)
    assert small == ChargeOutcome(ChargeState.DECLINED, reason="amount_too_small")
    large = await charge(payments, who, amount_in_cents=100_000_000)
    assert large == ChargeOutcome(ChargeState.DECLINED, reason="amount_too_large")
    assert (await charge(payments, who)).state is ChargeState.SUCCEEDED


async def test_a_day_old_key_is_forgotten_unless_the_charge_is_looked_up() -> None:
    clock = SettableClock()
    payments = company(clock=clock)
    who = await customer_with(payments)
    first = await charge(payments, who)
    clock.moment += timedelta(hours=25)
    assert await charge(payments, who, first_tried_at=NOW) == first
    assert await charge(payments, who) != first
    assert len(payments.intents()) == 2


async def test_faults_strike_as_often_as_asked_and_never_charge_twice() -> None:
    payments = company()
    who = await customer_with(payments)
    payments.faults.retry = 2
    assert [(await charge(payments, who)).state for _ in range(2)] == [ChargeState.RETRY] * 2
    payments.faults.unknown_before_commit = 1
    assert (await charge(payments, who)).state is ChargeState.UNKNOWN
    assert payments.intents() == []
    payments.faults.commit_then_unknown = 1
    assert (await charge(payments, who)).state is ChargeState.UNKNOWN
    assert (await charge(payments, who)).state is ChargeState.SUCCEEDED
    assert len(payments.intents()) == 1
    payments.faults.decline_next = "insufficient_funds"
    declined = await charge(payments, who, key="charge:8:1")
    assert (declined.state, declined.reason) == (ChargeState.DECLINED, "insufficient_funds")
    assert (await charge(payments, who, key="charge:8:2")).state is ChargeState.SUCCEEDED


async def test_a_hero_can_be_paid_once_he_has_filled_in_the_form() -> None:
    payments = company()
    who = await customer_with(payments)
    account = await payments.create_payout_account(9, email="grace@example.com", key="payout:9")
    url = await payments.payout_onboarding_url(account, return_url="https://www.example.com/back")
    assert account in url
    assert ".example/" in url
    assert not await payments.payout_account_ready(account)
    early = await charge(payments, who, payout_account=account, platform_fee_in_cents=375)
    assert early.reason == "insufficient_capabilities_for_transfer"
    payments.complete_onboarding(account)
    assert await payments.payout_account_ready(account)
    assert (await charge(payments, who, payout_account=account, platform_fee_in_cents=375)).state is (
        ChargeState.SUCCEEDED
    )
    (intent,) = payments.intents()
    assert (intent["payout_account"], intent["platform_fee"]) == (account, 375)
    assert not await payments.payout_account_ready("acct_nobody")
    with pytest.raises(NotFound):
        payments.complete_onboarding("acct_nobody")


async def test_parts_can_be_refunded_until_nothing_is_left() -> None:
    payments = company()
    who = await customer_with(payments)
    charge_id = (await charge(payments, who)).charge_id or ""
    first = await payments.refund(charge_id, amount_in_cents=1000, key="refund:1")
    assert first.state is ChargeState.SUCCEEDED
    assert await payments.refund(charge_id, amount_in_cents=1000, key="refund:1") == first
    other = await payments.refund(charge_id, amount_in_cents=900, key="refund:1")
    assert other == ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")
    payments.faults.commit_then_unknown = 1
    assert (
        await payments.refund(charge_id, amount_in_cents=1500, key="refund:2")
    ).state is ChargeState.UNKNOWN
    again = await payments.refund(charge_id, amount_in_cents=1500, key="refund:2")
    assert again.state is ChargeState.SUCCEEDED
    nothing_left = await payments.refund(charge_id, amount_in_cents=1, key="refund:3")
    assert nothing_left == ChargeOutcome(ChargeState.DECLINED, reason="charge_already_refunded")
    unknown = await payments.refund("pi_nobody", amount_in_cents=1, key="refund:4")
    assert unknown.state is ChargeState.DECLINED
    assert [refund["amount"] for refund in payments.refunds()] == [1000, 1500]


KILLED_AFTER_THE_CHARGE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.gateways.test_simulated_payments import charge, company, customer_with
from thserver.gateways.simulated_records import Records

async def main():
    payments = company(Records(Path(sys.argv[1])))
    who = await customer_with(payments)
    outcome = await charge(payments, who)
    print(*who, outcome.charge_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_killed_service_finds_its_charge_again(tmp_path: Path) -> None:
    file = tmp_path / "payments.sqlite"
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED_AFTER_THE_CHARGE, str(file)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    customer, card, charge_id = child.stdout.decode().split()
    payments = company(Records(file))
    assert await charge(payments, (customer, card)) == ChargeOutcome(ChargeState.SUCCEEDED, charge_id)
    assert [intent["id"] for intent in payments.intents()] == [charge_id]
    assert [shown.id for shown in await payments.cards(customer)] == [card]
