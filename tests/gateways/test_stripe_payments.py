"""Charging cards by Stripe's rules: the same key takes the money once, whatever happens to the answer."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from tests.fakes.stripe_objects import Fault
from tests.gateways.stripe_makers import NOW, desk
from thserver.domain.errors import Unavailable
from thserver.domain.ports import ChargeOutcome, ChargeState
from thserver.gateways.stripe_payments import StripePayments


async def test_a_good_card_is_charged_off_session_with_everything_that_finds_it_again() -> None:
    async with desk() as at:
        outcome = await at.charge()
        (intent,) = at.company.intents()
        assert outcome == ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
        (request,) = at.company.posts("payment_intents")
        assert request.key == "charge:7:1"
        assert request.form == {
            "amount": "2500",
            "currency": "usd",
            "customer": at.customer,
            "payment_method": at.card,
            "automatic_payment_methods": {"enabled": "true", "allow_redirects": "never"},
            "confirm": "true",
            "off_session": "true",
            "description": "Call with Grace, 25 minutes",
            "metadata": {"booking": "7", "charge_key": "charge:7:1"},
        }


async def test_every_request_that_changes_something_bears_a_key_of_ours() -> None:
    async with desk() as at:
        await at.charge()
        await at.payments.create_setup_intent(at.customer)
        await at.payments.detach_card(at.card)
        keys = [seen.key for seen in at.company.requests if seen.method == "POST"]
        assert all(key and ":" in key for key in keys)
        assert len(set(keys)) == len(keys)


async def test_nothing_about_the_machine_is_reported_to_the_card_company() -> None:
    async with desk() as at:
        await at.charge()
        for seen in at.company.requests:
            assert "X-Stripe-Client-Telemetry" not in seen.headers
            assert "telemetry_id" not in seen.headers.get("X-Stripe-Client-User-Agent", "")


async def test_the_hero_gets_his_share_by_a_destination_charge() -> None:
    async with desk() as at:
        account = await at.payments.create_payout_account(9, email="grace@example.com", key="payout:9")
        assert (
            await at.payments.create_payout_account(9, email="grace@example.com", key="payout:9") == account
        )
        assert not await at.payments.payout_account_ready(account)
        refused = await at.charge(payout_account=account, platform_fee_in_cents=375)
        assert refused == ChargeOutcome(ChargeState.DECLINED, reason="insufficient_capabilities_for_transfer")
        url = await at.payments.payout_onboarding_url(account, return_url="https://www.example.com/back")
        assert url.startswith("https://")
        at.company.complete_onboarding(account)
        assert await at.payments.payout_account_ready(account)
        paid = await at.charge(payout_account=account, platform_fee_in_cents=375)
        (intent,) = at.company.intents()
        assert paid == ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
        assert intent["transfer_data"] == {"destination": account}
        assert intent["application_fee_amount"] == 375
        back = await at.payments.refund(intent["id"], amount_in_cents=2500, key="refund:7")
        assert back.state is ChargeState.SUCCEEDED
        (request,) = at.company.posts("refunds")
        assert request.form["reverse_transfer"] == request.form["refund_application_fee"] == "true"


async def test_the_same_key_takes_the_money_once() -> None:
    async with desk() as at:
        first, second = await at.charge(), await at.charge()
        assert first == second
        assert at.company.money_taken() == 2500


@pytest.mark.parametrize(
    ("test_card", "state", "reason"),
    [
        ("pm_card_chargeCustomerFail", ChargeState.DECLINED, "generic_decline"),
        ("pm_card_authenticationRequired", ChargeState.NEEDS_CARDHOLDER, "authentication_required"),
    ],
)
async def test_a_card_that_refuses_says_why_and_goes_on_refusing_under_the_same_key(
    test_card: str, state: ChargeState, reason: str
) -> None:
    async with desk() as at:
        card = at.company.attach(at.customer, test_card)
        outcome = await at.charge(payment_method=card)
        (intent,) = at.company.intents()
        assert outcome == ChargeOutcome(state, intent["id"], reason)
        assert await at.charge(payment_method=card) == outcome
        assert (await at.charge(key="charge:7:2")).state is ChargeState.SUCCEEDED


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault.DROP, ChargeState.UNKNOWN),
        (Fault.COMMIT_THEN_DROP, ChargeState.UNKNOWN),
        (Fault.GARBLED, ChargeState.UNKNOWN),
        (Fault.TOO_MANY, ChargeState.RETRY),
        (Fault.KEY_IN_USE, ChargeState.RETRY),
    ],
)
async def test_after_trouble_the_same_key_settles_it_with_one_charge(
    fault: Fault, state: ChargeState
) -> None:
    async with desk() as at:
        at.company.faults.append(fault)
        assert (await at.charge()).state is state
        assert (await at.charge()).state is ChargeState.SUCCEEDED
        assert at.company.money_taken() == 2500


async def test_an_answer_that_takes_too_long_is_unknown_until_asked_again() -> None:
    async with desk(timeout_s=0.3) as at:
        at.company.delay_s = 0.6
        at.company.faults.append(Fault.DELAY)
        assert (await at.charge()).state is ChargeState.UNKNOWN
        assert (await at.charge()).state is ChargeState.SUCCEEDED
        assert at.company.money_taken() == 2500


async def test_a_500_after_the_money_was_taken_is_found_out_by_looking() -> None:
    async with desk() as at:
        at.company.faults.append(Fault.ERROR_AFTER)
        outcome = await at.charge()
        assert outcome.state is ChargeState.SUCCEEDED
        assert await at.charge() == outcome
        assert at.company.money_taken() == 2500


async def test_a_500_before_the_money_was_taken_stays_unknown_until_the_key_is_forgotten() -> None:
    async with desk() as at:
        at.company.faults.append(Fault.ERROR_BEFORE)
        assert (await at.charge()).state is ChargeState.UNKNOWN
        assert (await at.charge(first_tried_at=NOW)).state is ChargeState.UNKNOWN
        at.clock.moment += timedelta(hours=25)
        assert (await at.charge(first_tried_at=NOW)).state is ChargeState.SUCCEEDED
        assert at.company.money_taken() == 2500


async def test_a_charge_older_than_its_key_is_looked_up_before_anything_new_is_made() -> None:
    async with desk() as at:
        at.company.faults.append(Fault.COMMIT_THEN_DROP)
        assert (await at.charge()).state is ChargeState.UNKNOWN
        for number in range(130):  # more than a page of other charges since
            await at.charge(key=f"charge:{number + 100}:1", amount_in_cents=100)
        at.clock.moment += timedelta(hours=30)
        at.company.forget_keys()
        before = at.company.money_taken()
        (intent,) = [one for one in at.company.intents() if one["amount"] == 2500]
        found = await at.charge(first_tried_at=NOW)
        assert found == ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
        assert at.company.money_taken() == before


async def test_an_old_charge_is_not_made_anew_while_nobody_can_look_for_it() -> None:
    async with desk() as at:
        at.company.secret_key = "sk_test_rotated"
        at.clock.moment += timedelta(hours=30)
        outcome = await at.charge(first_tried_at=NOW)
        assert outcome.state is ChargeState.UNKNOWN
        assert at.company.posts("payment_intents") == []


async def test_other_parameters_under_a_used_key_take_nothing() -> None:
    async with desk() as at:
        first = await at.charge()
        other_money = await at.charge(amount_in_cents=9900)
        assert (other_money.state, other_money.reason) == (ChargeState.DECLINED, "idempotency_error")
        # Only the wording differs: that charge is this charge.
        assert await at.charge(description="Call with Grace H., 25 minutes") == first
        assert at.company.money_taken() == 2500


async def test_a_charge_that_takes_its_time_is_unknown_and_then_shown_as_it_is() -> None:
    async with desk() as at:
        at.company.faults.append(Fault.PROCESSING)
        outcome = await at.charge()
        assert (outcome.state, outcome.reason) == (ChargeState.UNKNOWN, "processing")
        (intent,) = at.company.intents()
        intent.update(status="succeeded", amount_received=2500)
        assert (await at.charge()).state is ChargeState.SUCCEEDED


async def test_a_company_that_cannot_be_reached_was_surely_not_asked() -> None:
    socket, port = bind_unused_port()
    socket.close()
    payments = StripePayments(
        secret_key="sk_test_x", publishable_key="pk_test_x", api_base=f"http://127.0.0.1:{port}"
    )
    outcome = await payments.charge(
        amount_in_cents=500,
        customer_id="cus_1",
        payment_method="pm_1",
        description="x",
        key="charge:1:1",
        metadata={},
    )
    assert outcome == ChargeOutcome(ChargeState.RETRY, reason="ConnectError")
    assert (await payments.refund("pi_1", amount_in_cents=1, key="k")).state is ChargeState.RETRY
    with pytest.raises(Unavailable):
        await payments.create_customer(1, email=None, key="customer:1")
    await payments.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_in_cents": 49}, "amount_too_small"),
        ({"amount_in_cents": 100_000_000}, "amount_too_large"),
        ({"payment_method": "pm_nobody"}, "resource_missing"),
        ({"payment_method": ""}, "resource_missing"),
        ({"customer_id": "cus_nobody"}, "resource_missing"),
    ],
)
async def test_what_the_company_will_not_even_try_is_declined(changes: dict[str, Any], reason: str) -> None:
    async with desk() as at:
        assert await at.charge(**changes) == ChargeOutcome(ChargeState.DECLINED, reason=reason)
        assert at.company.intents() == []


async def test_a_wrong_key_of_ours_is_never_blamed_on_the_card(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk() as at:
        mine, at.company.secret_key = at.company.secret_key, "sk_test_other"
        assert (await at.charge()).state is ChargeState.RETRY
        with pytest.raises(Unavailable):
            await at.payments.confirm_card(at.customer, "pm_card_visa")
        assert "AuthenticationError" in caplog.text
        assert mine not in caplog.text


async def test_no_client_secret_reaches_the_log_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk() as at:
        secret = await at.payments.create_setup_intent(at.customer)
        assert secret.startswith("seti_")
        assert secret not in caplog.text
