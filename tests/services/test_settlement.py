"""Settling a call: what is charged for which time, once, whoever settles it and how often."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from store.connection import connect
from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.money_makers import (
    charge_of,
    later,
    make_call,
    make_conference,
    move_clock,
    paid_intents,
    settle,
)
from thserver.domain import ledger
from thserver.domain.bookings import State as BookingState
from thserver.domain.charges import State, call_charge_id, cancelation_charge_id
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.wiring import wire


async def test_a_call_is_charged_and_both_get_a_receipt(
    world: World, payments: SimulatedPayments, mail: SimulatedMail, carrier: SimulatedCarrier
) -> None:
    call = await make_call(world, seconds=1800)
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.state, charge.minutes, charge.amount_in_cents) == (State.SUCCEEDED, 30, 3000)
    assert [intent["amount"] for intent in paid_intents(payments)] == [3000]
    booking = await world.database.bookings.get(call.booking.id)
    assert booking is not None
    assert booking.state is BookingState.HELD
    [letter] = [each for each in mail.letters_to(call.guest.email or "") if "Receipt" in each["subject"]]
    assert "30 min × $1.00 = $30.00" in letter["text"]
    assert "visa ending 4242" in letter["text"]
    [letter] = [each for each in mail.letters_to(call.host.email or "") if "$25.50" in each["subject"]]
    assert "platform fee  $4.50" in letter["text"]
    texts = [each["body"] for each in carrier.texts_to(call.guest.phone or "")]
    assert sum("receipt" in body for body in texts) == 1
    texts = [each["body"] for each in carrier.texts_to(call.host.phone or "")]
    assert sum("Your share: $25.50" in body for body in texts) == 1
    assert await world.services.billing.balance_owed(call.host.id) == 2550
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_settling_again_and_again_changes_nothing(world: World, payments: SimulatedPayments) -> None:
    call = await make_call(world)
    for _ in range(3):
        await settle(world)
        later(world, minutes=10)
    assert len(payments.intents()) == 1
    assert await world.database.ledger.balance(ledger.CARD) == -3000
    entries = await world.database.ledger.of_charge(call.charge_id)
    assert [entry.what for entry in entries] == ["billed", "paid"]


async def test_twenty_settlements_at_once_make_one_charge(
    world: World, payments: SimulatedPayments, mail: SimulatedMail, mongo_uri: str, settings: object
) -> None:
    call = await make_call(world)
    other_database = Database(connect(mongo_uri), "test")
    other = await wire(
        settings,  # type: ignore[arg-type]
        other_database,
        clock=world.services.clock,
        payments=payments,
        mail=mail,
        carrier=world.services.practice.carrier,
    )
    houses = [world.services, other] * 10
    try:
        await asyncio.gather(*(house.billing.settle_due() for house in houses))
        await asyncio.gather(*(house.billing.charge_due() for house in houses))
        for house in (world.services, other):
            await house.background.idle()
    finally:
        await other_database.close()
    assert [intent["amount"] for intent in payments.intents()] == [3000]
    count, charges = await world.services.billing.charges_of(call.guest.id, skip=0, limit=10)
    assert (count, charges[0].state) == (1, State.SUCCEEDED)
    assert await world.database.ledger.balance(ledger.CARD) == -3000
    letters = [each for each in mail.letters_to(call.guest.email or "") if "Receipt" in each["subject"]]
    assert len(letters) == 1


async def test_a_drop_and_a_rejoin_are_one_price_in_one_conference(world: World) -> None:
    call = await make_call(world, seconds=60)
    conference = await make_conference(
        world,
        call.booking,
        sid=call.conferences[0].sid,
        host=((0, 1080), (1320, 2760)),
        guest=((0, 3000),),
    )
    move_clock(world, conference.ended)  # type: ignore[arg-type]
    await settle(world)
    charge = await charge_of(world, call.charge_id)
    assert (charge.minutes, charge.amount_in_cents, len(charge.intervals)) == (42, 4200, 2)


async def test_two_conferences_of_one_booking_are_priced_together(world: World) -> None:
    call = await make_call(world, seconds=30 * 60 + 10)
    assert call.booking.starts is not None
    again = await make_conference(
        world,
        call.booking,
        starts=call.booking.starts + timedelta(minutes=40),
        host=((0, 610),),
        guest=((0, 610),),
    )
    move_clock(world, again.ended)  # type: ignore[arg-type]
    await settle(world)
    first = await charge_of(world, call.charge_id)
    second = await charge_of(world, call_charge_id(call.booking.id, again.sid))
    # 30:10 are 31 minutes; 40:20 together are 41, so the second part adds ten.
    assert (first.amount_in_cents, second.amount_in_cents) == (3100, 1000)
    assert (second.minutes, second.price_in_cents, second.already_charged_in_cents) == (41, 4100, 3100)


async def test_parts_settled_at_once_and_in_any_order_cost_the_same(world: World) -> None:
    call = await make_call(world, seconds=30)
    assert call.booking.starts is not None
    parts = [
        await make_conference(
            world, call.booking, starts=call.booking.starts + timedelta(minutes=5 * n),
            host=((0, 30),), guest=((0, 30),),
        )
        for n in range(1, 6)
    ]  # fmt: skip
    move_clock(world, parts[-1].ended)  # type: ignore[arg-type]
    await asyncio.gather(*(world.services.billing.settlement.settle(part) for part in reversed(parts)))
    await settle(world)
    _, charges = await world.services.billing.charges_of(call.guest.id, skip=0, limit=10)
    assert sum(charge.amount_in_cents for charge in charges) == 300
    assert [charge.amount_in_cents for charge in reversed(charges)] == [0, 100, 100, 0, 100, 0] or (
        sorted(charge.amount_in_cents for charge in charges) == [0, 0, 0, 100, 100, 100]
    )


async def test_a_part_waits_until_the_one_before_is_known_in_full(world: World) -> None:
    call = await make_call(world, seconds=30)
    assert call.booking.starts is not None
    open_one = await make_conference(
        world, call.booking, starts=call.booking.starts + timedelta(minutes=10), complete=False
    )
    last = await make_conference(world, call.booking, starts=call.booking.starts + timedelta(minutes=50))
    await settle(world)
    assert await world.database.charges.get(call_charge_id(call.booking.id, last.sid)) is None
    await make_conference(
        world, call.booking, starts=call.booking.starts + timedelta(minutes=10), sid=open_one.sid
    )
    await settle(world)
    charge = await charge_of(world, call_charge_id(call.booking.id, last.sid))
    assert charge.minutes == 61


@pytest.mark.parametrize(("seconds", "rate"), [(59, 100), (1800, 0), (1, 5000)])
async def test_what_is_free_is_said_so_and_not_charged(
    world: World, payments: SimulatedPayments, mail: SimulatedMail, seconds: int, rate: int
) -> None:
    call = await make_call(world, seconds=seconds, rate_in_cents=rate)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).state is State.FREE
    assert payments.intents() == []
    assert "nothing to pay" in mail.letters_to(call.guest.email or "")[-1]["subject"]
    assert "was free" in mail.letters_to(call.host.email or "")[-1]["subject"]
    assert await world.database.ledger.of_charge(call.charge_id) == []


async def test_the_ceiling_bounds_the_bill(world: World) -> None:
    call = await make_call(world, seconds=24 * 3600)
    await settle(world)
    assert (await charge_of(world, call.charge_id)).amount_in_cents == 120 * 100


async def test_the_rate_is_that_of_the_agreement(world: World) -> None:
    call = await make_call(world, seconds=600)
    hero = await world.database.heroes.of_person(call.host.id)
    assert hero is not None
    await world.database.heroes.change(hero.id, {"rate_in_cents": 9900}, now=world.services.clock.now())
    await settle(world)
    assert (await charge_of(world, call.charge_id)).amount_in_cents == 1000


async def test_too_little_is_carried_to_the_next_charge(
    world: World, payments: SimulatedPayments, mail: SimulatedMail
) -> None:
    small = await make_call(world, seconds=120, rate_in_cents=15)
    await settle(world)
    assert (await charge_of(world, small.charge_id)).state is State.CARRIED
    assert payments.intents() == []
    assert "added to your next call" in mail.letters_to(small.guest.email or "")[-1]["text"]
    later(world, days=1)
    large = await make_call(world, seconds=600, guest=small.guest)
    await settle(world)
    charge = await charge_of(world, large.charge_id)
    assert (charge.amount_in_cents, charge.carried_in_cents, charge.total_in_cents) == (1000, 30, 1030)
    assert [intent["amount"] for intent in payments.intents()] == [1030]
    carried = await charge_of(world, small.charge_id)
    assert (carried.state, carried.paid_with) == (State.SUCCEEDED, large.charge_id)
    # 15 percent of 30 cents is 4.5: the fee is rounded down.
    assert await world.services.billing.balance_owed(small.host.id) == 26
    assert await world.services.billing.balance_owed(large.host.id) == 850
    assert await world.database.ledger.balance(ledger.due(small.guest.id)) == 0
    later(world, minutes=5)
    assert await world.services.billing.check() == []


async def test_small_charges_add_up_until_the_card_company_takes_them(
    world: World, payments: SimulatedPayments
) -> None:
    first = await make_call(world, seconds=120, rate_in_cents=15)
    await settle(world)
    later(world, days=1)
    second = await make_call(world, seconds=120, rate_in_cents=15, guest=first.guest)
    await settle(world)
    assert [intent["amount"] for intent in payments.intents()] == [60]
    assert (await charge_of(world, second.charge_id)).carries == (first.charge_id,)


async def test_a_small_charge_is_collected_with_one_other_only(
    world: World, payments: SimulatedPayments
) -> None:
    small = await make_call(world, seconds=120, rate_in_cents=15)
    await settle(world)
    later(world, days=1)
    calls = []
    for _ in range(4):
        calls.append(await make_call(world, seconds=600, guest=small.guest))
        later(world, hours=3)
    for conference in [each for call in calls for each in call.conferences]:
        await world.services.billing.settlement.settle(conference)
    await asyncio.gather(*(world.services.billing.charging.charge(call.charge_id) for call in calls))
    await settle(world)
    amounts = sorted(int(str(intent["amount"])) for intent in payments.intents())
    assert amounts == [1000, 1000, 1000, 1030]


async def test_only_one_came_and_nobody_pays(world: World, payments: SimulatedPayments) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    await make_conference(world, booking, host=(), guest=((0, 600),))
    move_clock(world, booking.starts + timedelta(minutes=booking.minutes + 59))
    await settle(world)
    assert await world.services.billing.mark_missed() == 0
    later(world, minutes=2)
    assert await world.services.billing.mark_missed() == 1
    assert await world.services.billing.mark_missed() == 0
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    assert (found.state, found.details["came"]) == (BookingState.MISSED, [guest.id])
    assert payments.intents() == []
    assert (await world.services.billing.charges_of(guest.id, skip=0, limit=10))[0] == 0


async def test_nobody_came(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    move_clock(world, booking.starts + timedelta(minutes=booking.minutes + 60))
    assert await world.services.billing.mark_missed() == 1
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    assert (found.state, found.details["came"]) == (BookingState.MISSED, [])


async def test_a_booking_whose_conference_is_not_told_in_full_is_not_missed_yet(world: World) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    await make_conference(world, booking, complete=False)
    later(world, days=1)
    assert await world.services.billing.mark_missed() == 0


async def test_they_missed_each_other_but_both_came(world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await make_agreed_booking(world, guest, hero)
    await make_conference(world, booking, host=((0, 60),), guest=((120, 300),))
    later(world, days=1)
    await settle(world)
    assert await world.services.billing.mark_missed() == 1
    found = await world.database.bookings.get(booking.id)
    assert found is not None
    assert found.details["came"] == [host.id, guest.id]


async def test_a_forced_cancellation_is_charged_once_to_who_cancelled(
    world: World, payments: SimulatedPayments, mail: SimulatedMail
) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    bookings = []
    for _ in range(4):
        booking = await make_agreed_booking(world, guest, hero)
        bookings.append(await world.services.bookings.cancel(booking, guest.id, reason="x", force=True))
        await world.services.background.idle()
    assert [booking.fee_in_cents for booking in bookings] == [0, 0, 0, 500]
    for _ in range(3):
        await world.services.billing.settlement.charge_fee(bookings[-1], _cancelled(bookings[-1]))
        await settle(world)
    assert [intent["amount"] for intent in payments.intents()] == [500]
    charge = await charge_of(world, cancelation_charge_id(bookings[-1].id))
    assert (charge.kind, charge.state, charge.payer_id) == ("cancelation", State.SUCCEEDED, guest.id)
    assert await world.database.ledger.balance(ledger.PLATFORM) == 500
    assert mail.letters_to(guest.email or "")[-1]["subject"] == "Receipt: $5.00 cancelation fee"


def _cancelled(booking):  # type: ignore[no-untyped-def]
    from thserver.domain.bookings import News

    return News("cancelled:0", "cancelled", booking.cancelled_by, booking.updated)
