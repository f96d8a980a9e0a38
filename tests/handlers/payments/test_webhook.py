"""What the card company posts: only what it signed counts, once, in whatever order it comes."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from tests.booking_makers import World
from tests.handlers.payments.webhook_makers import PATH, Desk, an_event, in_doubt
from tests.money_makers import charge_of, later, make_call, settle
from thserver.domain import ledger
from thserver.domain.charges import State, attempt_key
from thserver.domain.ports import PaymentEvent
from thserver.gateways.payment_events import signature_header
from thserver.gateways.simulated_payments import SimulatedPayments


async def test_an_event_finds_out_what_an_answer_would_have_said(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    assert (await desk.post(event)).status == 200
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED
    assert await world.services.billing.balance_owed(call.host.id) == 2550
    await settle(world)
    assert len(payments.intents()) == 1


def bad_posts(desk: Desk, event: dict[str, Any]) -> dict[str, tuple[bytes, str | None]]:
    now = desk.world.services.clock.now()
    body = json.dumps(event).encode()
    secret = desk.payments._webhook_secret
    good = signature_header(body, secret, now)
    t, v1 = good.split(",v1=")
    invalid = body[:-2] + b"\xff}}"
    return {
        "wrong secret": (body, signature_header(body, "whsec_other", now)),
        "301 s old": (body, signature_header(body, secret, now - timedelta(seconds=301))),
        "a day ahead": (body, signature_header(body, secret, now + timedelta(days=1))),
        "only v0": (body, f"{t},v0={v1}"),
        "not ASCII": (body, f"{t},v1=ä{v1[1:]}"),
        "written anew": (json.dumps(event, indent=1).encode(), good),
        "invalid UTF-8": (invalid, signature_header(invalid, secret, now)),
        "empty header": (body, ""),
        "no header": (body, None),
        "no time": (body, f"v1={v1}"),
        "nonsense": (body, "t=x,v1=,,=,v1"),
        "no event": (b"[]", signature_header(b"[]", secret, now)),
        "no JSON": (b"{", signature_header(b"{", secret, now)),
        "nothing": (b"", signature_header(b"", secret, now)),
    }


async def test_what_the_card_company_did_not_sign_is_400_and_leaves_nothing(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    for name, (body, signature) in bad_posts(desk, event).items():
        answer = await desk.send(body, signature)
        assert answer.status == 400, name
    assert await desk.events() == []
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN
    assert [entry.what for entry in await world.database.ledger.of_charge(call.charge_id)] == ["billed"]


async def test_either_of_two_signatures_is_enough(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    body, signature = payments.webhooks.signed(event)
    time, _, rest = signature.partition(",")
    assert (await desk.send(body, f"{time},v1={'0' * 64},{rest}")).status == 200
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_an_event_of_the_other_mode_is_taken_and_ignored(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    assert (await desk.post({**event, "livemode": True})).status == 200
    assert await desk.events() == []
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN


async def test_the_same_event_ten_times_at_once_counts_once(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    answers = await asyncio.gather(*(desk.post(event) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert await desk.events() == [event["id"]]
    entries = await world.database.ledger.of_charge(call.charge_id)
    assert [entry.what for entry in entries] == ["billed", "paid"]


async def test_two_events_for_one_change_count_once(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    await asyncio.gather(desk.post(event), desk.post({**event, "id": "evt_twin"}))
    assert len(await desk.events()) == 2
    assert await world.database.ledger.balance(ledger.CARD) == -3000


async def test_a_failure_after_the_success_changes_nothing(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    await desk.post(event)
    failed = {
        **event["data"]["object"],
        "status": "requires_payment_method",
        "last_payment_error": {"code": "card_declined", "decline_code": "generic_decline"},
    }
    assert (await desk.post(an_event("payment_intent.payment_failed", failed))).status == 200
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_a_failure_tells_what_a_lost_answer_would_have(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call = await make_call(world, card="pm_card_chargeCustomerFail")
    payments.faults.commit_then_unknown = 1
    await settle(world)
    await desk.post(payments.webhooks.events()[-1])
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, charge.reason) == (State.DECLINED, "generic_decline")


async def test_a_success_that_comes_before_our_own_answer_counts_once(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    ask = payments.charge

    async def slow(**given: Any) -> Any:
        outcome = await ask(**given)
        body, signature = payments.webhooks.signed(payments.webhooks.events()[-1])
        await desk.api("POST", PATH, raw=body, headers={"Stripe-Signature": signature})
        await asyncio.sleep(0.05)
        return outcome

    payments.charge = slow  # type: ignore[method-assign]
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED
    entries = await world.database.ledger.of_charge(call.charge_id)
    assert [entry.what for entry in entries] == ["billed", "paid"]


async def test_unknown_types_are_kept_and_strangers_are_orphans(world: World, desk: Desk) -> None:
    stranger = {"id": "pi_1", "status": "succeeded", "amount_received": 5, "metadata": {}}
    ours_not = {**stranger, "metadata": {"charge_key": attempt_key("call:1:CF1", 1)}}
    posted = [
        an_event("invoice.paid", {"id": "in_1"}, id="e1"),
        an_event("payment_intent.succeeded", stranger, id="e2"),
        an_event("payment_intent.succeeded", ours_not, id="e3"),
        an_event("payment_intent.succeeded", {"metadata": {"charge_key": {"$gt": ""}}}, id="e4"),
        an_event("charge.refunded", {"payment_intent": {"$gt": ""}, "amount_refunded": 5}, id="e5"),
        an_event("refund.created", {"payment_intent": None, "amount": "5", "id": 7}, id="e6"),
    ]
    for event in posted:
        assert (await desk.post(event)).status == 200
    events = world.database.card_events
    assert [event.id for event in await events.in_state("ignored")] == ["e1"]
    assert {event.id for event in await events.in_state("orphan")} == {"e2", "e3", "e4", "e5", "e6"}
    assert await world.database.ledger.balance(ledger.CARD) == 0
    later(world, days=4)
    await settle(world)
    await settle(world)
    assert len(await world.services.billing.check()) == 5


async def test_another_amount_than_was_asked_for_is_not_believed(
    world: World, desk: Desk, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    changed = {**event["data"]["object"], "amount_received": 30}
    await desk.post(an_event("payment_intent.succeeded", changed))
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN


async def test_nothing_private_of_an_event_is_kept(world: World, desk: Desk) -> None:
    found = {
        "id": "ch_1",
        "billing_details": {"name": "Cam Newton", "email": "cam@example.com"},
        "payment_method_details": {"card": {"fingerprint": "abc"}},
        "receipt_email": "cam@example.com",
        "status": "x" * 10_000,
    }
    await desk.post(an_event("charge.refunded", found))
    [event] = await world.database.card_events.in_state("orphan")
    assert set(event.facts) == {"id", "status"}
    assert len(event.facts["status"]) == 300


async def test_an_account_that_becomes_ready_is_known(world: World, desk: Desk) -> None:
    call = await make_call(world)
    await world.services.wallet.payout_url(call.host)
    account = (await world.services.wallet.cards(call.host.id)).payout_account
    ready = {"id": account, "charges_enabled": True, "payouts_enabled": True}
    await desk.post(an_event("account.updated", ready))
    assert (await world.services.wallet.cards(call.host.id)).payout_ready


async def test_a_card_that_was_taken_away_at_the_card_company_is_gone_here_too(
    world: World, desk: Desk
) -> None:
    call = await make_call(world)
    [card] = (await world.services.wallet.cards(call.guest.id)).cards
    await desk.post(an_event("payment_method.detached", {"id": card.id}))
    assert not await world.services.wallet.has_card(call.guest.id)


async def test_an_event_that_a_dead_process_left_is_applied_by_the_sweep(
    world: World, payments: SimulatedPayments
) -> None:
    call, event = await in_doubt(world, payments)
    read = world.services.card_events.read(*payments.webhooks.signed(event))
    assert isinstance(read, PaymentEvent)
    world.services.background.soon = lambda *_: None  # type: ignore[method-assign]
    await world.services.card_events.receive(read)
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN
    await world.services.card_events.apply_due()
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_the_webhook_takes_posts_only(desk: Desk) -> None:
    assert (await desk.api("GET", PATH)).status == 405
    assert (await desk.api("POST", PATH, raw=b"x" * (1024 * 1024 + 1))).status == 413
