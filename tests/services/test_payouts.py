"""What is kept for a hero reaches his payout account once that is ready: all of it, once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os

import pytest

from config.settings import Settings
from store.connection import connect
from store.database import Database
from tests.booking_makers import World, make_agreed_booking
from tests.fakes.clock import FakeClock
from tests.fakes.stripe_objects import Fault
from tests.money_makers import Call, later, make_call, make_conference, move_clock, settle
from tests.services.test_charging_with_stripe import house
from thserver import kill_points
from thserver.domain import ledger
from thserver.domain.payouts import Payout, State
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.wiring import wire

POINTS = sorted(name for name in kill_points.POINTS if name.startswith("payout."))


async def kept_call(world: World) -> Call:
    """A call whose host had no payout account: 2550 cents are kept for him."""
    call = await make_call(world)
    await settle(world)
    assert await world.services.billing.balance_owed(call.host.id) == 2550
    return call


async def open_account(world: World, call: Call, payments: SimulatedPayments, *, ready: bool = True) -> str:
    await world.services.wallet.payout_url(call.host)
    account = (await world.database.wallets.get(call.host.id)).payout_account
    assert account is not None
    if ready:
        payments.complete_onboarding(account)
    return account


async def payout_of(world: World, call: Call, number: int = 1) -> Payout:
    payout = await world.database.payouts.get(f"payout:{call.host.id}:{number}")
    assert payout is not None
    return payout


async def adds_up(world: World, call: Call, *, sent: int) -> None:
    assert await world.services.billing.balance_owed(call.host.id) == 2550 - sent
    assert await world.database.ledger.balance(ledger.transferred(call.host.id)) == sent
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_what_was_kept_is_sent_once_when_the_account_is_ready(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    assert await world.services.billing.pay_kept() == 0
    [kept] = await world.services.billing.payouts.kept()
    assert (kept.host_id, kept.amount_in_cents, kept.why) == (call.host.id, 2550, "no_account")
    account = await open_account(world, call, payments)
    later(world, days=1, minutes=1)
    for _ in range(3):
        await world.services.billing.pay_kept()
        later(world, minutes=2)
    assert [(each["amount"], each["destination"]) for each in payments.transfers()] == [(2550, account)]
    await adds_up(world, call, sent=2550)
    assert await world.services.billing.payouts.kept() == []
    assert (await world.database.wallets.get(call.host.id)).kept is None


async def test_the_card_companys_word_that_an_account_is_ready_is_enough(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    account = await open_account(world, call, payments, ready=False)
    await world.services.billing.pay_kept()
    assert payments.transfers() == []
    payments.complete_onboarding(account)
    await world.database.wallets.set_payout_ready(account, True, now=world.services.clock.now())
    assert await world.services.billing.pay_kept() == 1
    assert len(payments.transfers()) == 1


async def test_twenty_at_once_in_two_processes_send_it_once(
    world: World, payments: SimulatedPayments, mongo_uri: str, settings: Settings
) -> None:
    call = await kept_call(world)
    await open_account(world, call, payments)
    other_database = Database(connect(mongo_uri), "test")
    services = world.services
    other = await wire(
        settings, other_database, clock=services.clock, payments=payments, mail=services.practice.mail,
        carrier=services.practice.carrier,
    )  # fmt: skip
    later(world, days=1, minutes=1)
    try:
        await asyncio.gather(
            *(
                act
                for house in (services, other)
                for act in [house.billing.pay_kept() for _ in range(6)]
                + [house.billing.payouts.pay(call.host.id) for _ in range(4)]
            )
        )
    finally:
        await other_database.close()
    assert [each["amount"] for each in payments.transfers()] == [2550]
    await adds_up(world, call, sent=2550)


@pytest.mark.parametrize("fault", ["commit_then_unknown", "unknown_before_commit", "retry"])
async def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    world: World, payments: SimulatedPayments, fault: str
) -> None:
    call = await kept_call(world)
    await open_account(world, call, payments)
    setattr(payments.faults, fault, 2 if fault != "commit_then_unknown" else 1)
    await world.services.billing.payouts.pay(call.host.id)
    payout = await payout_of(world, call)
    assert payout.state is (State.DUE if fault == "retry" else State.UNKNOWN)
    # Longer than the key is remembered: found again by what it was made under.
    later(world, days=2)
    await world.services.billing.pay_kept()
    later(world, minutes=20)
    await world.services.billing.pay_kept()
    assert [each["amount"] for each in payments.transfers()] == [2550]
    assert (await payout_of(world, call)).state is State.PAID
    await adds_up(world, call, sent=2550)


async def test_what_was_refused_is_tried_anew_the_next_day_or_by_hand(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    await open_account(world, call, payments)
    payments.faults.decline_next = "balance_insufficient"
    failed = await world.services.billing.payouts.pay(call.host.id)
    assert failed is not None
    assert (failed.state, failed.reason) == (State.FAILED, "balance_insufficient")
    await world.services.billing.pay_kept()
    assert payments.transfers() == []
    [kept] = await world.services.billing.payouts.kept()
    assert (kept.why, kept.reason) == ("refused", "balance_insufficient")
    again = await world.services.billing.payouts.pay(call.host.id)
    assert again is not None
    assert (again.number, again.state) == (2, State.PAID)
    await adds_up(world, call, sent=2550)


async def test_what_is_given_back_before_is_not_sent_and_what_comes_later_is(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    await world.services.billing.refund(call.charge_id, 1000)
    assert await world.services.billing.balance_owed(call.host.id) == 1700
    await open_account(world, call, payments)
    await world.services.billing.payouts.pay(call.host.id)
    await world.services.billing.refund(call.charge_id, 2000)
    assert await world.services.billing.balance_owed(call.host.id) == -1700
    assert await world.services.billing.payouts.pay(call.host.id) is None
    [kept] = await world.services.billing.payouts.kept()
    assert (kept.amount_in_cents, kept.why, kept.can_be_paid) == (-1700, "paid_too_much", False)
    assert [each["amount"] for each in payments.transfers()] == [1700]


async def test_a_share_that_comes_while_a_payout_is_under_way_is_paid_by_the_next(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    payments.faults.commit_then_unknown = 1
    account = await open_account(world, call, payments)
    await world.services.billing.payouts.pay(call.host.id)
    hero = await world.database.heroes.of_person(call.host.id)
    assert hero is not None
    # Not ready for a while, so that the next share is kept too.
    payments._records.update("accounts", account, ready=False)
    booking = await make_agreed_booking(world, call.guest, hero)
    conference = await make_conference(world, booking)
    move_clock(world, conference.ended)  # type: ignore[arg-type]
    await settle(world)
    assert await world.services.billing.balance_owed(call.host.id) == 5100
    payments.complete_onboarding(account)
    for _ in range(3):
        later(world, days=1, minutes=20)
        await world.services.billing.pay_kept()
    assert [each["amount"] for each in payments.transfers()] == [2550, 2550]
    assert await world.services.billing.balance_owed(call.host.id) == 0


class Killed(BaseException):
    """The process is gone: nothing after this point is done."""


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_that_dies_at_any_point_has_sent_it_once(
    world: World, payments: SimulatedPayments, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await kept_call(world)
    await open_account(world, call, payments)

    def die(pid: int, signal: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", die)
        patch.setattr(kill_points, "armed", point)
        with pytest.raises(Killed):
            await world.services.billing.payouts.pay(call.host.id)
    for _ in range(3):
        later(world, minutes=2)
        await world.services.billing.pay_kept()
    assert [each["amount"] for each in payments.transfers()] == [2550]
    await adds_up(world, call, sent=2550)


@pytest.mark.parametrize(
    "faults",
    [[Fault.COMMIT_THEN_DROP], [Fault.ERROR_AFTER], [Fault.ERROR_BEFORE], [Fault.DROP, Fault.GARBLED]],
    ids=lambda faults: "+".join(faults),
)
async def test_whatever_happens_on_the_line_to_stripe_it_is_sent_once(
    settings: Settings, database: Database, clock: FakeClock, faults: list[Fault]
) -> None:
    async with house(settings, database, clock) as (world, stripe):
        call = await kept_call(world)
        await world.services.wallet.payout_url(call.host)
        account = (await world.database.wallets.get(call.host.id)).payout_account
        assert account is not None
        stripe.complete_onboarding(account)
        stripe.faults.extend(faults)
        await world.services.billing.payouts.pay(call.host.id)
        for _ in range(6):
            later(world, hours=5)
            await world.services.billing.pay_kept()
        [sent] = stripe.transfers()
        assert (sent["amount"], sent["destination"], sent["transfer_group"]) == (
            2550, account, f"transfer:payout:{call.host.id}:1",
        )  # fmt: skip
        await adds_up(world, call, sent=2550)


async def test_what_the_card_company_took_back_is_kept_again_until_somebody_pays_it(
    world: World, payments: SimulatedPayments
) -> None:
    call = await kept_call(world)
    await open_account(world, call, payments)
    payout = await world.services.billing.payouts.pay(call.host.id)
    assert payout is not None
    assert payout.transfer_id is not None
    pay = world.services.billing.payouts
    # Repeated, out of order, and two at once.
    await asyncio.gather(*(pay.reversed(payout.transfer_id, cents) for cents in (1000, 700, 1000, 1300)))
    assert await pay.reversed(payout.transfer_id, 700)
    assert not await pay.reversed("tr_nobodys", 5)
    assert await world.services.billing.balance_owed(call.host.id) == 1300
    later(world, days=2)
    await world.services.billing.pay_kept()
    assert len(payments.transfers()) == 1
    [kept] = await pay.kept()
    assert (kept.amount_in_cents, kept.why, kept.can_be_paid) == (1300, "reversed", True)
    assert await world.services.billing.check() == []
    await pay.pay(call.host.id)
    assert [each["amount"] for each in payments.transfers()] == [2550, 1300]
    await adds_up(world, call, sent=2550)


async def test_every_question_about_payouts_has_an_index(world: World, payments: SimulatedPayments) -> None:
    call = await kept_call(world)
    raw = world.database._database
    await raw.command("profile", 2)
    try:
        await open_account(world, call, payments)
        later(world, days=1, minutes=1)
        await world.services.billing.pay_kept()
        await world.services.billing.payouts.kept()
        await world.services.billing.payouts.recent()
        await world.services.billing.payouts.pay(call.host.id)
        await world.services.billing.payouts.reversed((await payout_of(world, call)).transfer_id or "", 5)
    finally:
        await raw.command("profile", 0)
    plans = [
        (found["ns"].partition(".")[2], found["planSummary"])
        async for found in raw["system.profile"].find({"planSummary": {"$exists": True}})
    ]
    await raw["system.profile"].drop()
    assert {"payouts", "wallets"} <= {name for name, _ in plans}
    assert [plan for plan in plans if "COLLSCAN" in plan[1]] == []
