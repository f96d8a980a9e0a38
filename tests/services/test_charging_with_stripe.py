"""A call is paid through Stripe's own library while the line to Stripe fails in every way it can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from config.settings import Settings
from store.database import Database
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.fakes.stripe_objects import Fault
from tests.fakes.stripe_stand_in import StripeStandIn
from tests.money_makers import Call, charge_of, later, make_call, settle
from thserver.domain import ledger
from thserver.domain.charges import State, attempt_key
from thserver.gateways.password_hasher import PasswordHasher
from thserver.gateways.stripe_payments import StripePayments
from thserver.wiring import wire

INTENTS = "payment_intents"


@asynccontextmanager
async def house(
    settings: Settings, database: Database, clock: FakeClock, *, timeout_s: float = 5
) -> AsyncIterator[tuple[World, StripeStandIn]]:
    async with StripeStandIn(now=lambda: clock.now().timestamp()) as stripe:
        payments = StripePayments(
            secret_key=stripe.secret_key,
            publishable_key="pk_test_x",
            api_base=stripe.url,
            webhook_secrets=("whsec_x",),
            timeout_s=timeout_s,
            clock=clock,
        )
        services = await wire(
            settings,
            database,
            clock=clock,
            payments=payments,
            hasher=PasswordHasher(memory_in_kib=8, passes=1),
        )
        # Nobody would answer them, and the end of the test would wait for that.
        services.practice.carrier.faults.drop_callbacks = True
        try:
            yield World(services, database), stripe
        finally:
            await services.close()


async def until_paid(world: World, call: Call, *, most: int = 8) -> None:
    for _ in range(most):
        await settle(world)
        if (await charge_of(world, call.charge_id)).state is State.SUCCEEDED:
            return
        # Stripe keeps even a 500 under its key for a day.
        later(world, hours=5)
    raise AssertionError(f"not paid: {await charge_of(world, call.charge_id)}")


@pytest.mark.parametrize(
    "faults",
    [
        [Fault.COMMIT_THEN_DROP],
        [Fault.DROP, Fault.DROP],
        [Fault.ERROR_BEFORE],
        [Fault.ERROR_AFTER],
        [Fault.KEY_IN_USE],
        [Fault.TOO_MANY, Fault.TOO_MANY],
        [Fault.GARBLED],
        [Fault.DROP, Fault.COMMIT_THEN_DROP, Fault.ERROR_AFTER, Fault.TOO_MANY],
    ],
    ids=lambda faults: "+".join(faults),
)
async def test_whatever_happens_on_the_line_money_is_taken_once_under_one_key(
    settings: Settings, database: Database, clock: FakeClock, faults: list[Fault]
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await make_call(world)
        stripe.faults.extend(faults)
        await until_paid(world, call)
        assert stripe.money_taken() == 3000
        assert {seen.key for seen in stripe.posts(INTENTS)} == {attempt_key(call.charge_id, 1)}
        assert stripe.posts(INTENTS)[0].form["metadata"]["charge_id"] == call.charge_id
        assert await world.database.ledger.balance(ledger.CARD) == -3000
        later(world, minutes=5)
        assert await world.services.billing.check() == []


async def test_a_payment_that_takes_its_time_is_waited_for(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await make_call(world)
        stripe.faults.append(Fault.PROCESSING)
        for _ in range(3):
            await settle(world)
            charge = await charge_of(world, call.charge_id)
            assert (charge.state, charge.reason) == (State.UNKNOWN, "processing")
            later(world, hours=1)
        [intent] = stripe.intents()
        intent.update(status="succeeded", amount_received=3000)
        await until_paid(world, call)
        assert len(stripe.intents()) == 1


async def test_an_answer_that_hangs_is_given_up_and_asked_for_again(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock, timeout_s=0.3) as (world, stripe):
        call = await make_call(world)
        stripe.delay_s = 1.0
        stripe.faults.append(Fault.DELAY)
        await settle(world)
        assert (await charge_of(world, call.charge_id)).state is State.UNKNOWN
        await until_paid(world, call)
        assert stripe.money_taken() == 3000


async def test_money_that_was_taken_before_stripe_forgot_the_key_is_found_by_its_metadata(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await make_call(world)
        stripe.faults.append(Fault.COMMIT_THEN_DROP)
        await settle(world)
        stripe.forget_keys()
        later(world, days=2)
        await until_paid(world, call)
        assert (stripe.money_taken(), len(stripe.intents())) == (3000, 1)


async def test_a_declined_card_is_followed_by_another_attempt_with_another_key(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await make_call(world, card="pm_card_chargeCustomerFail")
        await settle(world)
        assert (await charge_of(world, call.charge_id)).state is State.DECLINED
        await world.services.wallet.add_card(call.guest, "pm_card_visa")
        await until_paid(world, call)
        assert [seen.key for seen in stripe.posts(INTENTS)] == [
            attempt_key(call.charge_id, 1),
            attempt_key(call.charge_id, 2),
        ]
        assert stripe.money_taken() == 3000


async def test_the_share_goes_to_a_ready_account_and_a_refund_takes_it_back(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await make_call(world)
        assert (await world.services.wallet.payout_url(call.host)).startswith("http")
        account = (await world.services.wallet.cards(call.host.id)).payout_account
        assert account is not None
        stripe.complete_onboarding(account)
        await until_paid(world, call)
        form = stripe.posts(INTENTS)[0].form
        assert (form["transfer_data"]["destination"], form["application_fee_amount"]) == (account, "450")
        assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == 2550
        await world.services.billing.refund(call.charge_id, 1000)
        assert [refund["amount"] for refund in stripe.refunds()] == [1000]
        assert await world.database.ledger.balance(ledger.CARD) == -2000
        assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == 1700
