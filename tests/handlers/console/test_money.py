"""Money as staff see it: what is owed and why, paying it out, what was declined, and counting again."""

from __future__ import annotations

import pytest

from scheduler.runner import Runner
from tests.booking_makers import World
from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from tests.meeting_makers import buy, make_member
from tests.money_makers import make_call, settle
from thserver.domain import ledger
from thserver.domain.ledger import Entry, Leg
from thserver.gateways.simulated_payments import SimulatedPayments


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def test_everything_about_money_stands_on_one_page(
    world: World, browser: Browser, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    await settle(world)
    await world.services.billing.refund(call.charge_id, 500)
    declined = await make_call(world, card="pm_card_chargeCustomerFail")
    await settle(world)
    await buy(world, await make_member(world), 5)
    page = await browser.get("/console/money")
    words = text_of(page)
    for said in (
        "$21.25 altogether",
        "has no payout account yet",
        "declined, tried again",
        "the bank declined without a reason",
        f"call {declined.booking.id}",
        "$5.00",
        "Credits sold",
        "not counted yet",
    ):
        assert said in words, said
    assert page.raw.decode().count('<svg class="bars" role="img"') == 6
    assert "Calls by day: 2 in all" in page.raw.decode()
    assert (call.guest.email or "") not in page.raw.decode()


async def test_a_hero_is_paid_out_by_hand(
    world: World, browser: Browser, payments: SimulatedPayments
) -> None:
    call = await make_call(world)
    await settle(world)
    answer = await browser.post("/console/money/pay", host_id=str(call.host.id))
    assert answer.headers["Location"] == "/console/money?said=nothing#kept"
    await world.services.wallet.payout_url(call.host)
    assert "has not finished setting up" in text_of(await browser.get("/console/money"))
    account = (await world.database.wallets.get(call.host.id)).payout_account
    assert account is not None
    payments.complete_onboarding(account)
    for _ in range(2):
        answer = await browser.post("/console/money/pay", host_id=str(call.host.id))
    assert answer.headers["Location"] == "/console/money?said=nothing#kept"
    assert [each["amount"] for each in payments.transfers()] == [2550]
    words = text_of(await browser.get("/console/money"))
    assert "Nothing is kept for anybody" in words
    assert "$25.50" in words
    actions = (await world.services.staff_actions.page()).actions
    assert [each.action for each in actions] == ["pay out"] * 3


async def test_the_books_are_counted_again_and_what_is_wrong_is_named(world: World, browser: Browser) -> None:
    Runner(world.services)
    answer = await browser.post("/console/money/count")
    assert "everything adds up" in text_of(await browser.get(answer.headers["Location"].partition("#")[0]))
    stray = Entry("paid:call:9:CF9", (Leg(ledger.CARD, -5), Leg(ledger.PLATFORM, 5)), "call:9:CF9", world.services.clock.now())  # fmt: skip
    await world.database.ledger.add(stray)
    answer = await browser.post("/console/money/count")
    words = text_of(await browser.get(answer.headers["Location"].partition("#")[0]))
    assert "not everything adds up" in words
    assert "entries of charge call:9:CF9, which is not there" in words
