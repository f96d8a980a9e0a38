"""A hero who was paid out what was given back later: his next shares make up for it before he is paid again."""

from __future__ import annotations

from datetime import timedelta

from tests.booking_makers import World, make_agreed_booking
from tests.money_makers import Call, later, make_call, make_conference, move_clock, settle
from thserver.domain import ledger
from thserver.gateways.simulated_payments import SimulatedPayments

SHARE = 2550


async def paid_out_call(world: World, payments: SimulatedPayments) -> Call:
    """A call whose share was kept first and has reached the hero's account since."""
    call = await make_call(world)
    await settle(world)
    await world.services.wallet.payout_url(call.host)
    account = (await world.database.wallets.get(call.host.id)).payout_account
    assert account is not None
    payments.complete_onboarding(account)
    later(world, days=1, minutes=1)
    assert await world.services.billing.pay_kept() == 1
    return call


async def another_call(world: World, call: Call) -> None:
    """The same two talk for half an hour again, and it is settled."""
    hero = await world.database.heroes.of_person(call.host.id)
    assert hero is not None
    booking = await make_agreed_booking(world, call.guest, hero)
    assert booking.starts is not None
    await make_conference(world, booking, host=((0, 1800),), guest=((0, 1800),))
    move_clock(world, booking.starts + timedelta(seconds=1800))
    await world.services.background.idle()
    await settle(world)


async def test_the_next_share_makes_up_for_it_and_the_one_after_that_is_passed_on_with_the_charge(
    world: World, payments: SimulatedPayments
) -> None:
    call = await paid_out_call(world, payments)
    await world.services.billing.refund(call.charge_id)
    await world.services.background.idle()
    assert await world.services.billing.balance_owed(call.host.id) == -SHARE
    await another_call(world, call)
    assert await world.services.billing.balance_owed(call.host.id) == 0
    assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == SHARE
    await another_call(world, call)
    assert await world.services.billing.balance_owed(call.host.id) == 0
    assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == 2 * SHARE
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_what_is_left_of_the_next_share_is_paid_out(world: World, payments: SimulatedPayments) -> None:
    call = await paid_out_call(world, payments)
    await world.services.billing.refund(call.charge_id, 1000)
    await world.services.background.idle()
    missing = -await world.services.billing.balance_owed(call.host.id)
    assert 0 < missing < SHARE
    await another_call(world, call)
    assert await world.services.billing.balance_owed(call.host.id) == SHARE - missing
    later(world, days=1, minutes=1)
    assert await world.services.billing.pay_kept() == 1
    assert [each["amount"] for each in payments.transfers()] == [SHARE, SHARE - missing]
    assert await world.services.billing.balance_owed(call.host.id) == 0
    later(world, minutes=5)
    assert await world.services.billing.check() == []
