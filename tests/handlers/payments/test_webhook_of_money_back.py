"""What the card company posts of refunds and disputes: each is counted once, in the order in which it can be."""

from __future__ import annotations

import asyncio

import pytest

from tests.booking_makers import World
from tests.handlers.payments.webhook_makers import Desk, an_event, in_doubt, paid
from tests.money_makers import charge_of, later, settle
from thserver.domain import ledger
from thserver.domain.charges import State
from thserver.gateways.simulated_payments import SimulatedPayments


@pytest.mark.parametrize("with_objects", [True, False])
async def test_two_partial_refunds_of_one_charge_both_count_in_any_order(
    world: World, desk: Desk, payments: SimulatedPayments, with_objects: bool
) -> None:
    call, payment_id = await paid(world)
    totals = [
        an_event("charge.refunded", {"id": "ch_1", "payment_intent": payment_id, "amount_refunded": 500}, id="e1"),
        an_event("charge.refunded", {"id": "ch_1", "payment_intent": payment_id, "amount_refunded": 800}, id="e2"),
    ]  # fmt: skip
    objects = [
        an_event(
            kind,
            {"id": id, "object": "refund", "payment_intent": payment_id, "amount": amount, "status": "succeeded"},
            id=f"{kind}{id}",
        )
        for id, amount in (("re_1", 500), ("re_2", 300))
        for kind in ("refund.created", "refund.updated")
    ]  # fmt: skip
    events = [*reversed(totals), *totals, *(reversed(objects) if with_objects else ())]
    for event in events:
        assert (await desk.post(event)).status == 200
    await asyncio.gather(*(desk.post({**event, "id": event["id"] + "again"}) for event in events))
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 800
    assert await world.database.ledger.balance(ledger.CARD) == -2200
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_our_own_refund_and_its_event_count_once(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, _ = await paid(world)
    payments.faults.commit_then_unknown = 1
    await world.services.billing.refund(call.charge_id, 700)
    await desk.post(payments.webhooks.events()[-1])
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 700
    later(world, minutes=2)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.refunded_in_cents, [each.is_open for each in charge.refunds]) == (700, [False])
    assert await world.database.ledger.balance(ledger.CARD) == -2300


async def test_a_refund_that_fails_later_is_taken_back_in_the_ledger(world: World, desk: Desk) -> None:
    call, payment_id = await paid(world)
    refund = {"id": "re_1", "payment_intent": payment_id, "amount": 500}
    failed = an_event("refund.failed", {**refund, "status": "failed"}, id="e1")
    made = an_event("refund.created", {**refund, "status": "pending"}, id="e2")
    for event in (failed, made, failed):
        await desk.post(event)
    assert await world.database.ledger.balance(ledger.CARD) == -3000


async def test_a_dispute_takes_the_money_and_a_won_one_gives_it_again(world: World, desk: Desk) -> None:
    call, payment_id = await paid(world)
    dispute = {"id": "dp_1", "payment_intent": payment_id, "amount": 3000}
    for _ in range(2):
        await desk.post(an_event("charge.dispute.funds_withdrawn", dispute, id="e1"))
        await desk.post(an_event("charge.dispute.funds_withdrawn", dispute, id="e2"))
    assert await world.database.ledger.balance(ledger.CARD) == 0
    assert await world.database.ledger.balance(ledger.DISPUTED) == -3000
    await desk.post(an_event("charge.dispute.funds_reinstated", dispute, id="e3"))
    assert await world.database.ledger.balance(ledger.CARD) == -3000
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_a_refund_that_is_told_before_its_payment_waits_for_it(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, success = await in_doubt(world, payments)
    intent = success["data"]["object"]
    refund = {"id": "ch_1", "payment_intent": intent["id"], "amount_refunded": 500}
    await desk.post(an_event("charge.refunded", refund))
    assert [event.id for event in await world.database.card_events.in_state("orphan")] == ["evt_1"]
    await desk.post(success)
    later(world, minutes=1)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 500
    assert await world.database.card_events.in_state("orphan") == []
