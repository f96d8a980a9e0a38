"""No question about money reads a whole collection, however many charges there are."""

from __future__ import annotations

from tests.booking_makers import World
from tests.money_makers import give_card, later, make_call, settle
from thserver.domain import ledger
from thserver.gateways.simulated_payments import SimulatedPayments

MONEY = ("charges", "ledger", "wallets", "card_events", "conferences")


async def test_every_question_about_money_has_an_index(world: World, payments: SimulatedPayments) -> None:
    raw = world.database._database
    await raw.command("profile", 2)
    try:
        small = await make_call(world, seconds=120, rate_in_cents=15)
        await settle(world)
        call = await make_call(world, guest=small.guest, card="pm_card_chargeCustomerFail")
        await settle(world)
        await give_card(world, call.guest)
        await world.services.background.idle()
        await world.services.billing.refund(call.charge_id, 100)
        body, signature = payments.webhooks.signed(payments.webhooks.events()[-1])
        event = world.services.card_events.read(body, signature)
        assert event is not None
        await world.services.card_events.receive(event)
        await world.services.billing.charges_of(call.guest.id, skip=0, limit=10)
        await world.database.ledger.balance(ledger.owed(call.host.id))
        later(world, days=3)
        await world.services.billing.mark_missed()
        await settle(world)
    finally:
        await raw.command("profile", 0)
    asked = set()
    scanned = []
    async for found in raw["system.profile"].find({"planSummary": {"$exists": True}}):
        name = found["ns"].partition(".")[2]
        if name in MONEY:
            asked.add(name)
            if "COLLSCAN" in found["planSummary"]:
                scanned.append((name, found["command"]))
    await raw["system.profile"].drop()
    assert asked == set(MONEY)
    assert scanned == []
