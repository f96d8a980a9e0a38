"""Giving money back: once for each time it is asked for, and never more than was taken."""

from __future__ import annotations

import asyncio

import pytest

from tests.booking_makers import World
from tests.money_makers import Call, charge_of, later, make_call, settle
from thserver.domain import ledger
from thserver.domain.charges import Charge
from thserver.domain.errors import Conflict, Invalid, NotFound, PaymentRefused, WrongState
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments


async def paid_call(world: World) -> Call:
    call = await make_call(world)
    await settle(world)
    return call


async def test_everything_is_given_back_by_everybody(
    world: World, payments: SimulatedPayments, mail: SimulatedMail
) -> None:
    call = await paid_call(world)
    charge = await world.services.billing.refund(call.charge_id)
    assert charge.refunded_in_cents == 3000
    for account in (ledger.CARD, ledger.PLATFORM, ledger.owed(call.host.id), ledger.due(call.guest.id)):
        assert await world.database.ledger.balance(account) == 0, account
    await world.services.background.idle()
    assert mail.letters_to(call.guest.email or "")[-1]["subject"] == "$30.00 is on its way back to you"
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_parts_add_up_exactly(world: World, payments: SimulatedPayments) -> None:
    call = await paid_call(world)
    for part in (1, 999, 7, 1993):
        await world.services.billing.refund(call.charge_id, part)
    assert [refund["amount"] for refund in payments.refunds()] == [1, 999, 7, 1993]
    assert await world.database.ledger.balance(ledger.CARD) == 0
    assert await world.database.ledger.balance(ledger.PLATFORM) == 0
    assert await world.services.billing.balance_owed(call.host.id) == 0
    with pytest.raises(Conflict):
        await world.services.billing.refund(call.charge_id, 1)
    with pytest.raises(Conflict):
        await world.services.billing.refund(call.charge_id)


async def test_a_button_clicked_twice_gives_it_once(world: World, payments: SimulatedPayments) -> None:
    call = await paid_call(world)
    answers = await asyncio.gather(
        *(world.services.billing.refund(call.charge_id) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(each, Conflict) for each in answers) == 9
    assert [refund["amount"] for refund in payments.refunds()] == [3000]


async def test_a_key_is_good_for_one_refund(world: World, payments: SimulatedPayments) -> None:
    call = await paid_call(world)
    for _ in range(3):
        charge = await world.services.billing.refund(call.charge_id, 500, key="desk-1")
        assert charge.refunded_in_cents == 500
    with pytest.raises(Conflict):
        await world.services.billing.refund(call.charge_id, 600, key="desk-1")
    assert (await world.services.billing.refund(call.charge_id, 600, key="desk-2")).refunded_in_cents == 1100
    assert len(payments.refunds()) == 2


async def test_one_key_at_once_is_one_refund(world: World, payments: SimulatedPayments) -> None:
    call = await paid_call(world)
    answers = await asyncio.gather(
        *(world.services.billing.refund(call.charge_id, 500, key="desk-1") for _ in range(10)),
        return_exceptions=True,
    )
    assert all(isinstance(each, Charge | Conflict) for each in answers), answers
    charge = await charge_of(world, call.charge_id)
    assert ([each.key for each in charge.refunds], charge.refunded_in_cents) == (["desk-1"], 500)
    assert [refund["amount"] for refund in payments.refunds()] == [500]


async def test_two_different_refunds_at_once_never_give_more_than_was_taken(
    world: World, payments: SimulatedPayments
) -> None:
    call = await paid_call(world)
    await asyncio.gather(
        *(world.services.billing.refund(call.charge_id, 2000, key=f"desk-{n}") for n in range(5)),
        return_exceptions=True,
    )
    assert [refund["amount"] for refund in payments.refunds()] == [2000]


@pytest.mark.parametrize("fault", ["commit_then_unknown", "unknown_before_commit", "retry"])
async def test_a_lost_answer_is_found_by_the_sweep(
    world: World, payments: SimulatedPayments, fault: str
) -> None:
    call = await paid_call(world)
    setattr(payments.faults, fault, 1)
    charge = await world.services.billing.refund(call.charge_id, 500)
    assert charge.refunded_in_cents == 0
    later(world, minutes=2)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 500
    assert [refund["amount"] for refund in payments.refunds()] == [500]


async def test_what_cannot_be_given_back_is_refused(world: World, payments: SimulatedPayments) -> None:
    with pytest.raises(NotFound):
        await world.services.billing.refund("call:1:CF1")
    unpaid = await make_call(world, card="pm_card_chargeCustomerFail")
    await settle(world)
    with pytest.raises(WrongState):
        await world.services.billing.refund(unpaid.charge_id)
    call = await paid_call(world)
    for amount in (0, -5):
        with pytest.raises(Invalid):
            await world.services.billing.refund(call.charge_id, amount)
    with pytest.raises(Conflict):
        await world.services.billing.refund(call.charge_id, 3001)
    assert payments.refunds() == []


async def test_a_refund_that_the_card_company_refuses_is_said_so(
    world: World, payments: SimulatedPayments
) -> None:
    call = await paid_call(world)
    charge = await charge_of(world, call.charge_id)
    # Somebody gave it back at the card company's own desk, and its event never came.
    await payments.refund(charge.payment_id or "", amount_in_cents=3000, key="by hand")
    with pytest.raises(PaymentRefused):
        await world.services.billing.refund(call.charge_id, key="desk-1")
    with pytest.raises(PaymentRefused):
        await world.services.billing.refund(call.charge_id, key="desk-1")
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 0
