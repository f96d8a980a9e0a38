"""Credits: held, given back, settled and bought exactly once, whoever comes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from datetime import timedelta

import pytest
from tornado.ioloop import IOLoop

from tests.booking_makers import World
from tests.makers import make_person
from tests.meeting_makers import (
    buy,
    check,
    free,
    held,
    make_completed_meeting,
    make_confirmed_meeting,
    make_meeting,
    make_member,
)
from tests.money_makers import give_card, later, paid_intents
from thserver.domain.bookings import State
from thserver.domain.credits import AlreadySettled, Entry, Kind, NotEnoughCredits, PurchaseState
from thserver.domain.errors import Invalid, NotAllowed, PaymentRefused, Refusal, WrongState
from thserver.gateways.simulated_payments import SimulatedPayments


@pytest.fixture(autouse=True)
def books_that_add_up(io_loop: IOLoop, world: World) -> Iterator[None]:
    """After every test."""
    yield
    later(world, hours=1)
    io_loop.run_sync(lambda: check(world))


async def outcomes(*works: Awaitable[object]) -> Counter[str]:
    """How they ended when all were begun at once."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    for each in ended:
        assert not isinstance(each, BaseException) or isinstance(each, Refusal), repr(each)
    return Counter(type(each).__name__ if isinstance(each, Refusal) else "done" for each in ended)


async def test_somebody_from_another_contract_gets_his_first_credit_when_he_is_first_seen(
    world: World,
) -> None:
    person = await make_person(world.services)
    assert await world.database.credit_accounts.get(person.id) is None
    accounts = await asyncio.gather(*(world.services.credits.account(person.id) for _ in range(20)))
    assert {account.free for account in accounts} == {1}
    assert [entry.kind for entry in await world.services.credits.transactions(person.id)] == [Kind.INITIAL]


async def test_an_expert_who_was_never_seen_has_his_first_credit_and_the_one_he_earned(world: World) -> None:
    john, jane = await make_member(world), await make_person(world.services)
    booking = await make_completed_meeting(world, john, jane)
    await world.services.credits.transfer(booking, john.id, 1)
    assert await free(world, jane) == 2


async def test_a_credit_is_held_when_a_meeting_is_made_and_back_when_it_is_cancelled(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane)
    assert (await free(world, john), await held(world, john)) == (0, 1)
    await world.services.meetings.cancel(booking, jane.id)
    assert (await free(world, john), await held(world, john)) == (1, 0)
    await world.services.background.idle()
    assert (await free(world, john), await held(world, john)) == (1, 0)


async def test_a_meeting_without_a_free_credit_is_refused_and_leaves_nothing(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    await make_meeting(world, john, jane)
    with pytest.raises(NotEnoughCredits):
        await make_meeting(world, john, jane, after=timedelta(hours=5))
    assert len(await world.services.meetings.of_person(john.id)) == 1


async def test_a_taken_time_costs_nothing(world: World) -> None:
    john, bob, jane = await make_member(world), await make_member(world), await make_member(world)
    await make_meeting(world, john, jane)
    with pytest.raises(Invalid) as refusal:
        await make_meeting(world, bob, jane)
    assert refusal.value.problems == {"scheduled_start": "time_taken"}
    assert (await free(world, bob), await held(world, bob)) == (1, 0)


async def test_one_credit_is_held_once_however_many_meetings_are_asked_for_at_once(world: World) -> None:
    john, jane = await make_member(world, credits=3), await make_member(world)
    ended = await outcomes(
        *(make_meeting(world, john, jane, after=timedelta(hours=2 * n)) for n in range(1, 21))
    )
    assert ended == {"done": 3, "NotEnoughCredits": 17}
    assert (await free(world, john), await held(world, john)) == (0, 3)


async def test_of_twenty_who_want_the_same_time_one_gets_it_and_pays(world: World) -> None:
    jane = await make_member(world)
    people = [await make_member(world) for _ in range(20)]
    ended = await outcomes(*(make_meeting(world, person, jane) for person in people))
    assert ended == {"done": 1, "Invalid": 19}
    assert sorted([await free(world, person) for person in people]) == [0] + [1] * 19


async def test_a_transfer_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    john, jane = await make_member(world, credits=10), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    ended = await outcomes(*(world.services.credits.transfer(booking, john.id, 3) for _ in range(20)))
    assert ended == {"done": 1, "AlreadySettled": 19}
    assert (await free(world, john), await held(world, john)) == (7, 0)
    assert await free(world, jane) == 4
    spent = (await world.services.credits.transactions(john.id))[-1]
    earned = (await world.services.credits.transactions(jane.id))[-1]
    assert (spent.kind, spent.amount) == (Kind.SPENT, 3)
    assert (earned.kind, earned.amount) == (Kind.EARNED, 3)


async def test_a_tip_beyond_what_is_free_is_refused_and_the_held_credit_stays(world: World) -> None:
    john, jane = await make_member(world, credits=2), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    with pytest.raises(NotEnoughCredits):
        await world.services.credits.transfer(booking, john.id, 3)
    assert (await free(world, john), await held(world, john), await free(world, jane)) == (1, 1, 1)
    await world.services.credits.transfer(booking, john.id, 2)
    assert (await free(world, john), await held(world, john), await free(world, jane)) == (0, 0, 3)


async def test_only_the_requester_transfers_and_only_after_completion(world: World) -> None:
    john, jane, bob = await make_member(world), await make_member(world), await make_member(world)
    booking = await make_confirmed_meeting(world, john, jane)
    with pytest.raises(WrongState):
        await world.services.credits.transfer(booking, john.id, 1)
    for other in (jane, bob):
        with pytest.raises(NotAllowed):
            await world.services.credits.transfer(booking, other.id, 1)


async def test_what_nobody_transfers_goes_to_the_expert_after_a_day(world: World) -> None:
    john, jane = await make_member(world, credits=5), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    later(world, hours=23, minutes=59)
    assert await world.services.credits.settle_due() == 0
    later(world, minutes=2)
    ended = await outcomes(*(world.services.credits.settle_due() for _ in range(5)))
    assert ended == {"done": 5}
    assert (await free(world, john), await held(world, john), await free(world, jane)) == (4, 0, 2)
    with pytest.raises(AlreadySettled):
        await world.services.credits.transfer(booking, john.id, 1)


async def test_transfer_and_sweep_at_once_settle_once(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    later(world, hours=25)
    await outcomes(
        *(world.services.credits.transfer(booking, john.id, 1) for _ in range(5)),
        *(world.services.credits.settle_due() for _ in range(5)),
    )
    assert (await held(world, john), await free(world, jane)) == (0, 2)


async def test_cancelling_many_times_at_once_gives_back_once(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_confirmed_meeting(world, john, jane)
    ended = await outcomes(
        *(world.services.meetings.cancel(booking, person.id) for person in (john, jane) * 10)
    )
    assert ended == {"done": 1, "WrongState": 19} or ended == {"done": 1, "Stale": 19}
    assert (await free(world, john), await held(world, john)) == (1, 0)


async def test_a_cancellation_whose_process_died_gives_back_all_the_same(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_meeting(world, john, jane)
    await world.services.background.idle()
    # As the process leaves it that dies right after the booking has changed.
    cancelled = await world.services.bookings.cancel(booking, john.id)
    assert cancelled.state is State.CANCELLED
    later(world, minutes=1)
    await world.services.news.tell_left_over()
    assert (await free(world, john), await held(world, john)) == (1, 0)


async def test_a_request_that_lapses_gives_the_credit_back(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    await make_meeting(world, john, jane)
    later(world, hours=2)
    await world.services.bookings.lapse_stale(world.services.clock.now())
    await world.services.background.idle()
    assert (await free(world, john), await held(world, john)) == (1, 0)


async def test_a_hundred_at_one_account_all_end_and_it_adds_up(world: World) -> None:
    john = await make_member(world)
    ended = await outcomes(*(buy(world, john, 1) for _ in range(100)))
    # Who did not get through is finished by the sweep.
    assert set(ended) <= {"done", "Unavailable"}
    later(world, minutes=2)
    while await world.services.purchases.finish_open():
        later(world, minutes=2)
    assert await free(world, john) == 101


async def test_entries_are_told_at_least_once_also_after_a_crash(world: World) -> None:
    told: list[Entry] = []

    async def hear(entry: Entry) -> None:
        told.append(entry)

    world.services.credits.subscribe(hear)
    john, jane = await make_member(world), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    await world.services.credits.transfer(booking, john.id, 1)
    await world.services.background.idle()
    kinds = Counter(entry.kind for entry in told)
    assert kinds == {Kind.INITIAL: 2, Kind.SPENT: 1, Kind.EARNED: 1}
    later(world, minutes=1)
    await world.services.credits.settle_due()
    assert len(told) == 4


# Buying.


async def test_with_a_card_its_company_is_asked_for_exactly_that_money(
    world: World, payments: SimulatedPayments
) -> None:
    john = await make_member(world)
    await give_card(world, john)
    purchase, entry, account = await world.services.purchases.buy(
        john.id, credits=5, amount_in_cents=500, payment_method="credit_card"
    )
    assert [intent["amount"] for intent in paid_intents(payments)] == [500]
    assert purchase.payment_id == paid_intents(payments)[0]["id"]
    assert purchase.transaction_id == f"sim_{john.id}_5_5"
    assert entry is not None
    assert account.free == 6


async def test_a_wrong_amount_buys_nothing(world: World) -> None:
    john = await make_member(world)
    with pytest.raises(Invalid) as refusal:
        await world.services.purchases.buy(
            john.id, credits=5, amount_in_cents=499, payment_method="credit_card"
        )
    assert refusal.value.problems == {"amount": "not_the_price"}
    assert await free(world, john) == 1


async def test_a_refused_card_buys_nothing(world: World) -> None:
    john = await make_member(world)
    await give_card(world, john, "pm_card_chargeCustomerFail")
    with pytest.raises(PaymentRefused):
        await buy(world, john, 5)
    assert await free(world, john) == 1
    later(world, hours=1)
    assert await world.services.purchases.finish_open() == 0


@pytest.mark.parametrize("fault", ["commit_then_unknown", "unknown_before_commit", "retry"])
async def test_an_answer_that_got_lost_is_asked_for_again_under_the_same_key(
    world: World, payments: SimulatedPayments, fault: str
) -> None:
    john = await make_member(world)
    await give_card(world, john)
    setattr(payments.faults, fault, 1)
    purchase, entry, account = await world.services.purchases.buy(
        john.id, credits=5, amount_in_cents=500, payment_method="credit_card"
    )
    assert (purchase.state, entry, account.free) == (PurchaseState.PENDING, None, 1)
    later(world, minutes=2)
    assert await world.services.purchases.finish_open() == 1
    assert await free(world, john) == 6
    assert len(paid_intents(payments)) == 1
    assert await world.services.purchases.finish_open() == 0


async def test_the_card_companys_event_completes_a_purchase_too(
    world: World, payments: SimulatedPayments
) -> None:
    john = await make_member(world)
    await give_card(world, john)
    payments.faults.commit_then_unknown = 1
    purchase, _, _ = await world.services.purchases.buy(
        john.id, credits=5, amount_in_cents=500, payment_method="credit_card"
    )
    payment_id = str(paid_intents(payments)[0]["id"])
    heard = [world.services.purchases.heard(purchase.key, payment_id, 500) for _ in range(5)]
    assert await asyncio.gather(*heard) == [True] * 5
    assert await free(world, john) == 6
    assert not await world.services.purchases.heard("purchase:999", payment_id, 500)
    assert not await world.services.purchases.heard(purchase.key, payment_id, 400)


# The recount.


async def test_the_recount_names_what_was_changed_behind_the_ledgers_back(world: World) -> None:
    john = await make_member(world)
    accounts = world.database.credit_accounts._collection
    before = await accounts.find_one({"_id": john.id})
    assert before is not None
    hold = {"booking_id": 5, "host_id": 9, "at": before["updated"]}
    for change, says in (
        ({"$inc": {"free": 1}}, "2 free credits in the account, 1 by the entries"),
        ({"$set": {"holds": [hold]}}, "1 held for meeting 5, 0 by the entries"),
    ):
        await accounts.update_one({"_id": john.id}, change)
        found = await world.services.credit_recount.check()
        assert any(f"person {john.id}: {says}" in line for line in found), found
        await accounts.replace_one({"_id": john.id}, before)


async def test_the_recount_misses_an_entry_that_is_gone(world: World) -> None:
    john, jane = await make_member(world), await make_member(world)
    booking = await make_completed_meeting(world, john, jane)
    await world.services.credits.transfer(booking, john.id, 1)
    entries = world.database.credits._collection
    gone = await entries.find_one({"_id": f"settle:{booking.id}:earned"})
    assert gone is not None
    await entries.delete_one({"_id": gone["_id"]})
    found = await world.services.credit_recount.check()
    assert any(f"meeting {booking.id}: -1 credits out of nothing" in line for line in found), found
    await entries.insert_one(gone)
