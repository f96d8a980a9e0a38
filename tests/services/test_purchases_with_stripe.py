"""Credits are bought through Stripe's own library while the line to Stripe fails in every way it can."""

from __future__ import annotations

import pytest

from config.settings import Settings
from store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.stripe_objects import Fault
from tests.meeting_makers import check, free, make_member
from tests.money_makers import give_card, later
from tests.services.test_charging_with_stripe import INTENTS, house
from thserver.domain.credits import PurchaseState
from thserver.domain.errors import PaymentMethodMissing


async def test_without_a_card_nothing_is_written_down(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        john = await make_member(world)
        with pytest.raises(PaymentMethodMissing):
            await world.services.purchases.buy(
                john.id, credits=5, amount_in_cents=500, payment_method="credit_card"
            )
        assert stripe.posts(INTENTS) == []
        assert await database.purchases.get(1) is None


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault.COMMIT_THEN_DROP],
        [Fault.ERROR_BEFORE],
        [Fault.ERROR_AFTER],
        [Fault.TOO_MANY, Fault.TOO_MANY],
        [Fault.DROP, Fault.COMMIT_THEN_DROP, Fault.ERROR_AFTER],
    ],
    ids=lambda faults: "+".join(faults) or "none",
)
async def test_whatever_happens_on_the_line_credits_are_bought_once(
    settings: Settings, database: Database, clock: FakeClock, faults: list[Fault]
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        john = await make_member(world)
        await give_card(world, john)
        stripe.faults.extend(faults)
        purchase, _, _ = await world.services.purchases.buy(
            john.id, credits=5, amount_in_cents=500, payment_method="credit_card"
        )
        for _ in range(8):
            if purchase.state is PurchaseState.COMPLETED:
                break
            # Stripe keeps even a 500 under its key for a day.
            later(world, hours=5)
            await world.services.purchases.finish_open()
            found = await database.purchases.get(purchase.id)
            assert found is not None
            purchase = found
        assert purchase.state is PurchaseState.COMPLETED
        assert await free(world, john) == 6
        assert stripe.money_taken() == 500
        assert {seen.key for seen in stripe.posts(INTENTS)} == {purchase.key}
        [taken] = [intent for intent in stripe.intents() if intent["status"] == "succeeded"]
        assert purchase.transaction_id == purchase.payment_id == taken["id"]
        later(world, minutes=5)
        await check(world)
