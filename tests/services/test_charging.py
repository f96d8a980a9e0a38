"""Taking the money: declined cards, doubt, other cards, payout accounts; never twice for one charge."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.booking_makers import World
from tests.money_makers import charge_of, give_card, later, make_call, paid_intents, settle
from thserver.domain import ledger
from thserver.domain.charges import Attempt, Result, State, attempt_key
from thserver.domain.errors import AlreadyExists
from thserver.domain.ports import ChargeOutcome, ChargeState
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments

DECLINED_LATER = "pm_card_chargeCustomerFail"
WANTS_HOLDER = "pm_card_authenticationRequired"


async def test_a_declined_card_is_told_and_another_one_is_charged_at_once(
    world: World, payments: SimulatedPayments, mail: SimulatedMail, carrier: SimulatedCarrier
) -> None:
    call = await make_call(world, card=DECLINED_LATER)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, charge.reason) == (State.DECLINED, "generic_decline")
    letter = mail.letters_to(call.guest.email or "")[-1]
    assert letter["subject"].startswith("Please give another card: $30.00")
    assert "/payments" in letter["text"]
    assert "Your card was declined for $30.00" in carrier.texts_to(call.guest.phone or "")[-1]["body"]
    assert await world.database.ledger.balance(ledger.due(call.guest.id)) == -3000
    assert await world.services.billing.balance_owed(call.host.id) == 0

    await give_card(world, call.guest)
    await world.services.background.idle()
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, [each.number for each in charge.attempts]) == (State.SUCCEEDED, [1, 2])
    assert [intent["key"] for intent in payments.intents()] == [
        attempt_key(call.charge_id, 1),
        attempt_key(call.charge_id, 2),
    ]
    assert len(paid_intents(payments)) == 1
    assert await world.database.ledger.balance(ledger.due(call.guest.id)) == 0
    letters = [each["subject"] for each in mail.letters_to(call.guest.email or "")]
    assert sum("Receipt" in subject for subject in letters) == 1


async def test_a_declined_card_is_tried_daily_and_then_given_up_until_there_is_a_new_one(
    world: World, payments: SimulatedPayments, mail: SimulatedMail
) -> None:
    call = await make_call(world, card=DECLINED_LATER)
    for _ in range(10):
        await settle(world)
        await settle(world)
        later(world, days=1)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts)) == (State.DEAD, 4)
    told = [each for each in mail.letters_to(call.guest.email or "") if "another card" in each["subject"]]
    assert len(told) == 4
    assert "do not try the present card any more" in told[-1]["text"]
    await give_card(world, call.guest)
    await world.services.background.idle()
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED
    assert len(paid_intents(payments)) == 1
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_a_bank_that_wants_its_card_holder_is_told_to_him(
    world: World, carrier: SimulatedCarrier
) -> None:
    call = await make_call(world, card=WANTS_HOLDER)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.NEEDS_CARDHOLDER
    assert "Your bank wants you to confirm" in carrier.texts_to(call.guest.phone or "")[-1]["body"]
    await give_card(world, call.guest)
    await world.services.background.idle()
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_without_a_card_it_is_asked_for_one(world: World, carrier: SimulatedCarrier) -> None:
    call = await make_call(world)
    for card in (await world.services.wallet.cards(call.guest.id)).cards:
        await world.services.wallet.remove_card(call.guest, card.id)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, charge.reason, charge.attempts) == (State.DECLINED, "no_card", ())
    assert "There is no card to charge $30.00" in carrier.texts_to(call.guest.phone or "")[-1]["body"]
    for _ in range(6):
        later(world, days=1)
        await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.DEAD
    await give_card(world, call.guest)
    await world.services.background.idle()
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    payments.faults.commit_then_unknown = 1
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN
    assert await world.services.billing.balance_owed(call.host.id) == 0
    later(world, seconds=6)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts)) == (State.SUCCEEDED, 1)
    assert [intent["amount"] for intent in payments.intents()] == [3000]
    assert await world.services.billing.balance_owed(call.host.id) == 2550


@pytest.mark.parametrize("fault", ["retry", "unknown_before_commit"])
async def test_whatever_was_not_done_is_done_later_with_a_growing_pause(
    world: World, payments: SimulatedPayments, fault: str
) -> None:
    call = await make_call(world)
    setattr(payments.faults, fault, 3)
    pauses = []
    for _ in range(4):
        await settle(world)
        charge = await charge_of(world, call.charge_id)
        if charge.next_at is not None:
            pauses.append((charge.next_at - world.services.clock.now()).total_seconds())
            later(world, seconds=pauses[-1])
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts), len(payments.intents())) == (State.SUCCEEDED, 1, 1)
    assert pauses == sorted(pauses)


async def test_an_answer_that_was_lost_for_two_days_is_looked_up_before_anything_new(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    payments.faults.commit_then_unknown = 1
    await settle(world)
    later(world, days=2)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.SUCCEEDED
    assert len(payments.intents()) == 1


async def test_a_charge_in_doubt_is_not_tried_on_a_new_card(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    payments.faults.commit_then_unknown = 1
    await settle(world)
    await give_card(world, call.guest, "pm_card_mastercard")
    await world.services.background.idle()
    later(world, minutes=1)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts)) == (State.SUCCEEDED, 1)
    assert len(paid_intents(payments)) == 1


async def test_a_card_given_while_the_old_one_is_being_declined_is_tried_at_once(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world, card=DECLINED_LATER)
    ask = payments.charge

    async def slow(**given):  # type: ignore[no-untyped-def]
        if len(payments.intents()) == 0:
            await world.services.wallet.add_card(call.guest, "pm_card_visa")
        return await ask(**given)

    payments.charge = slow  # type: ignore[method-assign]
    await settle(world)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts)) == (State.SUCCEEDED, 2)


async def test_twenty_at_once_make_one_attempt(world: World, payments: SimulatedPayments) -> None:
    call = await make_call(world)
    await world.services.billing.settlement.settle(call.conferences[0])
    await asyncio.gather(
        *(world.services.billing.charging.charge(call.charge_id) for _ in range(20)),
        *(world.services.billing.charge_due() for _ in range(20)),
    )
    await world.services.background.idle()
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts), len(payments.intents())) == (State.SUCCEEDED, 1, 1)


async def test_whoever_slept_past_his_claim_cannot_start_an_attempt(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    payments.faults.retry = 1
    await settle(world)
    charges, now = world.database.charges, world.services.clock.now()
    assert await charges.fail(call.charge_id, 1, state=State.DECLINED, reason="x", next_at=now, now=now)
    attempt = Attempt(number=2, customer_id="cus", card_id="pm", total_in_cents=3000, started=now)
    wakes = now + timedelta(seconds=20)
    assert await charges.claim(call.charge_id, "sleeper", now=now, until=now + timedelta(seconds=15))
    assert await charges.claim(call.charge_id, "early", now=now, until=wakes) is None
    assert await charges.claim(call.charge_id, "other", now=wakes, until=wakes + timedelta(seconds=15))
    assert await charges.begin(call.charge_id, "sleeper", attempt, carries=(), now=wakes) is None
    assert not await charges.postpone(
        call.charge_id, "sleeper", state=State.UNKNOWN, reason="x", until=wakes, now=wakes
    )
    assert await charges.begin(call.charge_id, "other", attempt, carries=(), now=wakes) is not None


async def test_no_attempt_follows_one_whose_end_is_open(world: World, payments: SimulatedPayments) -> None:
    call = await make_call(world)
    payments.faults.unknown_before_commit = 1
    await settle(world)
    charges, now = world.database.charges, world.services.clock.now() + timedelta(hours=1)
    claimed = await charges.claim(call.charge_id, "mine", now=now, until=now + timedelta(minutes=1))
    assert claimed is not None
    attempt = Attempt(number=2, customer_id="cus", card_id="pm", total_in_cents=3000, started=now)
    assert await charges.begin(call.charge_id, "mine", attempt, carries=(), now=now) is None
    assert await charges.fail(call.charge_id, 1, state=State.DECLINED, reason="x", next_at=now, now=now)
    assert not await charges.fail(call.charge_id, 1, state=State.DECLINED, reason="x", next_at=now, now=now)


async def test_succeeded_absorbs_whatever_comes_later(world: World, payments: SimulatedPayments) -> None:
    call = await make_call(world)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    for state in (ChargeState.DECLINED, ChargeState.NEEDS_CARDHOLDER, ChargeState.UNKNOWN):
        await world.services.billing.charging.record(
            charge, charge.attempts[0], ChargeOutcome(state, charge.payment_id, "late"), token="late"
        )
    after = await charge_of(world, call.charge_id)
    assert (after.state, after.attempts[0].result) == (State.SUCCEEDED, Result.SUCCEEDED)


async def test_a_second_payment_for_a_paid_charge_is_an_alarm_and_changes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    call = await make_call(world)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    await world.services.billing.charging.record(
        charge, charge.attempts[0], ChargeOutcome(ChargeState.SUCCEEDED, "pi_other")
    )
    assert (await charge_of(world, call.charge_id)).payment_id == charge.payment_id
    assert "was paid a second time, by pi_other" in caplog.text


async def test_news_that_is_passed_on_twice_is_told_once(
    world: World, mail: SimulatedMail, carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await make_call(world)

    async def dies_before(*_: object) -> None:
        """What a process that is killed just before it does not do."""

    with monkeypatch.context() as killed:
        killed.setattr(world.database.charges, "told", dies_before)
        await settle(world)
    later(world, minutes=1)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).news == ()
    for person in (call.guest, call.host):
        texts = [each["body"] for each in carrier.texts_to(person.phone or "")]
        assert sum("Tech Heroes receipt" in body for body in texts) == 1
        letters = [each["subject"] for each in mail.letters_to(person.email or "")]
        assert sum("Receipt" in each or "$25.50" in each for each in letters) == 1
    entries = await world.database.ledger.of_charge(call.charge_id)
    assert [entry.what for entry in entries] == ["billed", "paid"]


async def test_one_payment_pays_for_one_charge_only(world: World) -> None:
    one = await make_call(world)
    other = await make_call(world, guest=one.guest, card=DECLINED_LATER)
    await settle(world)
    paid = await charge_of(world, one.charge_id)
    unpaid = await charge_of(world, other.charge_id)
    if paid.payment_id is None:
        paid, unpaid = unpaid, paid
    await give_card(world, one.guest)
    await world.services.background.idle()
    await settle(world)
    third = await make_call(world, guest=one.guest, card=DECLINED_LATER)
    await settle(world)
    paid = await charge_of(world, other.charge_id)
    assert paid.payment_id is not None
    with pytest.raises(AlreadyExists):
        await world.database.charges.succeed(
            third.charge_id,
            1,
            payment_id=paid.payment_id,
            payout_account=None,
            now=world.services.clock.now(),
        )


async def test_a_ready_payout_account_gets_the_share_at_once(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    await world.services.wallet.payout_url(call.host)
    account = (await world.services.wallet.cards(call.host.id)).payout_account
    assert account is not None
    payments.complete_onboarding(account)
    await settle(world)
    [intent] = payments.intents()
    assert (intent["payout_account"], intent["platform_fee"]) == (account, 450)
    assert await world.services.billing.balance_owed(call.host.id) == 0
    assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == 2550


async def test_a_payout_account_that_is_not_ready_keeps_nobody_from_paying(
    world: World, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    await world.services.wallet.payout_url(call.host)
    await settle(world)
    assert payments.intents()[0]["payout_account"] is None
    assert await world.services.billing.balance_owed(call.host.id) == 2550


async def test_a_payout_account_that_turns_out_bad_is_left_out_and_the_caller_not_bothered(
    world: World, payments: SimulatedPayments, mail: SimulatedMail
) -> None:
    call = await make_call(world)
    await world.services.wallet.payout_url(call.host)

    async def seems_ready(account_id: str) -> bool:
        return True

    payments.payout_account_ready = seems_ready  # type: ignore[method-assign]
    await settle(world)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, len(charge.attempts), charge.payout_account) == (State.SUCCEEDED, 2, None)
    assert not any("another card" in each["subject"] for each in mail.letters_to(call.guest.email or ""))
    assert await world.services.billing.balance_owed(call.host.id) == 2550
