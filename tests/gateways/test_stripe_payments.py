"""The real card company's gateway through the official library, against a stand-in for Stripe on a real socket."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from tornado.testing import bind_unused_port

from tests.fakes.stripe_stand_in import Fault, StripeStandIn
from thserver.domain.errors import Invalid, PaymentRefused, Unavailable
from thserver.domain.ports import ChargeOutcome, ChargeState
from thserver.gateways.stripe_payments import StripePayments

SECRET = "whsec_one"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class SettableClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Desk:
    """The stand-in, the gateway to it, and one customer with a good card."""

    def __init__(self, company: StripeStandIn, payments: StripePayments, clock: SettableClock) -> None:
        self.company = company
        self.payments = payments
        self.clock = clock
        self.customer = ""
        self.card = ""

    async def charge(self, **changes: Any) -> ChargeOutcome:
        wanted: dict[str, Any] = {
            "amount_in_cents": 2500,
            "customer_id": self.customer,
            "payment_method": self.card,
            "description": "Call with Grace, 25 minutes",
            "key": "charge:7:1",
            "metadata": {"booking": "7"},
        }
        return await self.payments.charge(**{**wanted, **changes})

    async def another_card(self, test_card: str) -> str:
        return (await self.payments.confirm_card(self.customer, test_card)).id


@asynccontextmanager
async def desk(*, timeout_s: float = 8) -> AsyncIterator[Desk]:
    clock = SettableClock(NOW)
    async with StripeStandIn(now=lambda: clock.moment.timestamp()) as company:
        payments = StripePayments(
            secret_key=company.secret_key,
            publishable_key="pk_test_x",
            api_base=company.url + "/",
            webhook_secrets=(SECRET, "whsec_two"),
            livemode=False,
            timeout_s=timeout_s,
            clock=clock,
        )
        found = Desk(company, payments, clock)
        found.customer = await payments.create_customer(7, email="ann@example.com", key="customer:7")
        found.card = await found.another_card("pm_card_visa")
        try:
            yield found
        finally:
            await payments.close()


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


async def test_a_confirmed_card_is_shown_without_its_number_and_becomes_the_default() -> None:
    async with desk() as at:
        card = await at.payments.confirm_card(at.customer, "pm_card_mastercard")
        assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("mastercard", "4444", 12, 2034)
        assert card.id.startswith("pm_")
        assert card.id != "pm_card_mastercard"
        assert [shown.id for shown in await at.payments.cards(at.customer)] == [card.id, at.card]
        customer = at.company.objects[at.customer]
        assert customer["invoice_settings"] == {"default_payment_method": card.id}
        request = at.company.posts("setup_intents")[-1]
        assert (request.form["usage"], request.form["confirm"]) == ("off_session", "true")
        assert (await at.payments.confirm_card(at.customer, card.id)).id == card.id


@pytest.mark.parametrize(
    ("test_card", "reason"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
async def test_a_card_that_is_refused_at_once_is_not_kept(test_card: str, reason: str) -> None:
    async with desk() as at:
        with pytest.raises(PaymentRefused) as refused:
            await at.payments.confirm_card(at.customer, test_card)
        assert refused.value.reason == reason
        assert [card.id for card in await at.payments.cards(at.customer)] == [at.card]


@pytest.mark.parametrize(
    "payment_method",
    ["pm_nobody", "", "pm card", "../v1/accounts", "pm_\ud800", "pm_\x00", "p" * 5000, "٣_٣"],
)
async def test_an_unknown_card_is_the_fields_fault(payment_method: str) -> None:
    async with desk() as at:
        with pytest.raises(Invalid) as invalid:
            await at.payments.confirm_card(at.customer, payment_method)
        assert invalid.value.problems == {"payment_method": "unknown"}
        await at.payments.detach_card(payment_method)


async def test_another_customers_card_looks_like_no_card() -> None:
    async with desk() as at:
        other = await at.payments.create_customer(8, email=None, key="customer:8")
        with pytest.raises(Invalid):
            await at.payments.confirm_card(other, at.card)


async def test_a_detached_card_is_gone_and_may_be_detached_again() -> None:
    async with desk() as at:
        await at.payments.detach_card(at.card)
        await at.payments.detach_card(at.card)
        assert await at.payments.cards(at.customer) == []


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.TOO_MANY, Fault.ERROR_BEFORE, Fault.GARBLED])
async def test_trouble_with_a_card_is_called_away_for_now(fault: Fault) -> None:
    async with desk() as at:
        at.company.faults.append(fault)
        with pytest.raises(Unavailable):
            await at.payments.confirm_card(at.customer, "pm_card_visa")


async def test_a_customer_is_made_once_although_the_address_changed_between_two_tries() -> None:
    async with desk() as at:
        again = await at.payments.create_customer(7, email="ann@example.org", key="customer:7")
        assert again == at.customer
        assert at.company.objects[again]["email"] == "ann@example.org"
        assert await at.payments.create_customer(7, email="nonsense", key="customer:7") == at.customer


async def test_parts_can_be_refunded_until_nothing_is_left() -> None:
    async with desk() as at:
        charge_id = (await at.charge()).charge_id or ""
        first = await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:1")
        assert first.state is ChargeState.SUCCEEDED
        assert await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:1") == first
        second = await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:2")
        assert second.charge_id != first.charge_id
        too_much = await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:3")
        assert too_much.state is ChargeState.DECLINED
        assert sum(refund["amount"] for refund in at.company.refunds()) == 2000
        unknown = await at.payments.refund("pi_nobody", amount_in_cents=1, key="refund:4")
        assert unknown == ChargeOutcome(ChargeState.DECLINED, reason="resource_missing")
        at.company.faults.append(Fault.COMMIT_THEN_DROP)
        lost = await at.payments.refund(charge_id, amount_in_cents=500, key="refund:5")
        assert lost.state is ChargeState.UNKNOWN
        assert (await at.payments.refund(charge_id, amount_in_cents=500, key="refund:5")).state is (
            ChargeState.SUCCEEDED
        )


async def test_a_refund_is_found_again_long_after_its_key_was_forgotten() -> None:
    async with desk() as at:
        charge_id = (await at.charge()).charge_id or ""
        first = await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:1")
        at.company.faults.append(Fault.ERROR_AFTER)
        assert (await at.payments.refund(charge_id, amount_in_cents=500, key="refund:2")).state is (
            ChargeState.UNKNOWN
        )
        at.company.forget_keys()
        assert await at.payments.refund(charge_id, amount_in_cents=1000, key="refund:1") == first
        assert (await at.payments.refund(charge_id, amount_in_cents=500, key="refund:2")).state is (
            ChargeState.SUCCEEDED
        )
        other = await at.payments.refund(charge_id, amount_in_cents=700, key="refund:1")
        assert other == ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")
        assert sum(refund["amount"] for refund in at.company.refunds()) == 1500


def an_event(**changes: Any) -> str:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "created": int(NOW.timestamp()),
        "data": {"object": {"id": "pi_1", "amount": 2500, "description": "Grüße"}},
    }
    return json.dumps({**event, **changes}, ensure_ascii=False)


def signed(body: str, *, secret: str = SECRET, at: datetime = NOW) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))


@asynccontextmanager
async def reader(*secrets: str) -> AsyncIterator[StripePayments]:
    payments = StripePayments(
        secret_key="sk_test_x", publishable_key="pk_test_x", webhook_secrets=secrets or (SECRET, "whsec_two")
    )
    yield payments
    await payments.close()


async def test_an_event_signed_with_either_secret_within_five_minutes_is_read() -> None:
    body = an_event()
    async with reader() as payments:
        for secret in (SECRET, "whsec_two"):
            for age in (-300, 0, 300):
                at = NOW + timedelta(seconds=age)
                event = payments.read_event(body.encode(), signed(body, secret=secret, at=at), NOW)
                assert event is not None
                assert (event.id, event.type, event.livemode) == ("evt_1", "payment_intent.succeeded", False)
                assert event.created == NOW
                assert event.object["description"] == "Grüße"
        two = signed(body) + ",v1=" + "0" * 64 + ",v0=abc"
        assert payments.read_event(body.encode(), two, NOW) is not None


def _forged() -> dict[str, tuple[bytes, str | None]]:
    body = an_event()
    good = signed(body)
    timestamp, signature = good.split(",v1=")
    later = NOW + timedelta(seconds=301)
    cases: dict[str, tuple[bytes, str | None]] = {
        "no header": (body.encode(), None),
        "empty header": (body.encode(), ""),
        "wrong secret": (body.encode(), signed(body, secret="whsec_other")),
        "301 s old": (body.encode(), signed(body, at=NOW - timedelta(seconds=301))),
        "301 s ahead": (body.encode(), signed(body, at=later)),
        "a day ahead": (body.encode(), signed(body, at=NOW + timedelta(days=1))),
        "only v0": (body.encode(), f"{timestamp},v0={signature}"),
        "non-ASCII v1": (body.encode(), f"{timestamp},v1=é"),
        "no timestamp": (body.encode(), f"v1={signature}"),
        "other timestamp": (body.encode(), f"t=1,v1={signature}"),
        "huge timestamp": (body.encode(), f"t={'9' * 6000},v1={signature}"),
        "another body": (json.dumps(json.loads(body), indent=1).encode(), good),
        "invalid UTF-8": (b"\xff" + body.encode(), good),
        "10 KB of commas": (body.encode(), "," * 10_000),
    }
    for name, text in {
        "not JSON": "{",
        "a list": "[]",
        "null": "null",
        "no data": '{"id": "evt_1"}',
        "deeply nested": "[" * 100_000,
        "number for id": an_event(id=7),
        "text for livemode": an_event(livemode="false"),
        "true for created": an_event(created=True),
        "created beyond time": an_event(created=10**18),
        "list for object": an_event(data={"object": []}),
    }.items():
        cases[name] = (text.encode(), signed(text))
    return cases


@pytest.mark.parametrize("case", _forged())
async def test_nothing_else_is_read_and_nothing_is_raised(case: str) -> None:
    body, header = _forged()[case]
    async with reader() as payments:
        assert payments.read_event(body, header, NOW) is None


async def test_without_a_secret_nothing_is_authentic() -> None:
    body = an_event()
    async with reader("") as payments:
        assert payments.read_event(body.encode(), signed(body, secret=""), NOW) is None


async def test_the_age_of_an_event_is_judged_by_our_clock_alone() -> None:
    body = an_event()
    long_ago = datetime.fromtimestamp(time.time() - 10_000_000, UTC)
    async with reader() as payments:
        assert payments.read_event(body.encode(), signed(body, at=long_ago), long_ago) is not None
