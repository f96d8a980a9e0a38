"""Cards and customers by Stripe's rules, and giving money back."""

from __future__ import annotations

import pytest

from tests.fakes.stripe_objects import Fault
from tests.gateways.stripe_makers import desk
from thserver.domain.errors import Invalid, PaymentRefused, Unavailable
from thserver.domain.ports import ChargeOutcome, ChargeState


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
