"""The list of calls, the story of one, and giving money back by hand: what staff see, and that every action is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from handlers.console.calls import cents_in
from handlers.console.story_words import OUTCOMES
from tests.booking_makers import World, make_caller, make_host, make_request
from tests.cases import each_case
from tests.clients.console import Browser, text_of
from tests.clients.http import Api
from tests.meeting_makers import make_meeting, make_member
from tests.money_makers import Call, charge_of, make_call, settle
from thserver.domain.admissions import Admission
from thserver.domain.staff_actions import ActionState
from thserver.gateways.simulated_payments import SimulatedPayments


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


async def settled(world: World) -> Call:
    call = await make_call(world, seconds=1800)
    await settle(world)
    await world.services.background.idle()
    return call


@pytest.fixture
def call(io_loop: IOLoop, world: World) -> Call:
    found: Call = io_loop.run_sync(lambda: settled(world))
    return found


def refund(call: Call, **changes: str) -> dict[str, Any]:
    return {"charge_id": call.charge_id, "amount": "", "reason": "The line was bad", "key": "k1", **changes}


async def test_the_list_shows_every_kind_and_can_be_narrowed(world: World, browser: Browser) -> None:
    call = await settled(world)
    meeting = await make_meeting(world, await make_member(world), await make_member(world))
    page = text_of(await browser.get("/console/calls"))
    assert f"Call {call.booking.id}" in page
    assert f"Meeting {meeting.id}" in page
    assert "Tom Brady" in page
    for query, is_there in (
        ("state=held", True),
        ("state=requested", False),
        ("kind=call&state=&person=&room=&day=", True),
        (f"person={call.guest.id}", True),
        (f"person={(call.guest.phone or '').replace('+', '%2B')}", True),
        ("person=nobody@example.com", False),
        (f"room={call.booking.room}", True),
        ("day=2026-03-02", True),
        ("day=2026-03-03", False),
        ("day=yesterday", True),
    ):
        found = text_of(await browser.get(f"/console/calls?{query}"))
        assert (f"Call {call.booking.id}" in found) is is_there, query
    assert (await browser.get("/console/calls?state=nonsense")).status == 400


async def test_older_bookings_are_on_the_next_page(world: World, browser: Browser) -> None:
    _, hero = await make_host(world)
    guests = [await make_caller(world) for _ in range(27)]
    asked = [await make_request(world, guest, hero) for guest in guests]
    first = await browser.get("/console/calls?kind=call")
    assert f"Call {asked[2].id}<" in first.raw.decode()
    assert f"Call {asked[1].id}<" not in first.raw.decode()
    assert f'href="?kind=call&amp;older={asked[2].id}"' in first.raw.decode()
    second = text_of(await browser.get(f"/console/calls?kind=call&older={asked[2].id}"))
    assert f"Call {asked[0].id}" in second


async def test_a_settled_call_is_drawn_and_told_with_its_money(world: World, browser: Browser) -> None:
    call = await settled(world)
    answer = await browser.get(f"/console/calls/{call.booking.id}")
    page, words = answer.raw.decode(), text_of(answer)
    assert '<svg class="line-of-time" role="img"' in page
    assert page.count('class="stay"') == 2
    assert page.count('class="shared"') == 1
    for said in (
        "Cam Newton asked for it",
        "Tom Brady accepted",
        "Cam Newton agreed",
        "Cam Newton came on the line",
        "The conference ended",
        "Billed $30.00",
        "30 min × $1.00",
        "It took place",
        "Entered as paid",
        "kept for Tom Brady +$25.50",
        "Receipt by text to Cam Newton",
        "Give money back",
    ):
        assert said in words, said
    # Nobody's number, address or PIN.
    for secret in (call.guest.phone, call.guest.email, call.host.phone):
        assert secret
        assert secret not in page
    assert "PIN " not in words.replace("carry PINs", "")


async def test_whatever_people_write_is_only_text(world: World, browser: Browser) -> None:
    call = await settled(world)
    evil = "<img src=x onerror=alert(1)>"
    await world.database.people.change(call.host.id, {"first_name": evil, "last_name": ""})
    for path in (
        f"/console/calls/{call.booking.id}",
        "/console/calls",
        "/console/money",
        "/console/outbox?state=done",
    ):
        page = (await browser.get(path)).raw.decode()
        assert "<img" not in page, path
        assert "&lt;img" in page, path


async def test_times_are_in_the_zone_that_is_chosen(world: World, browser: Browser) -> None:
    call = await settled(world)
    path = f"/console/calls/{call.booking.id}"
    assert "10:00 AM CST" in text_of(await browser.get(path))
    assert "5:00 PM CET" in text_of(await browser.get(f"{path}?zone=Europe/Paris"))
    assert (await browser.get(f"{path}?zone=Mars/Base")).status == 400


async def test_there_is_no_story_of_what_is_not_there(world: World, browser: Browser) -> None:
    assert (await browser.get("/console/calls/4711")).status == 404


async def test_a_part_and_then_the_rest_is_given_back_and_recorded(
    world: World, browser: Browser, payments: SimulatedPayments
) -> None:
    call = await settled(world)
    path = f"/console/calls/{call.booking.id}"
    for _ in range(2):  # Sent twice by a double click.
        answer = await browser.post(f"{path}/refund", **refund(call, amount="12.50"))
        assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=given_back#money")
    assert (await charge_of(world, call.charge_id)).refunded_in_cents == 1250
    await browser.post(f"{path}/refund", **refund(call, key="k2"))
    assert [each["amount"] for each in payments.refunds()] == [1250, 1750]
    done = (await world.services.staff_actions.page()).actions
    assert {each.state for each in done} == {ActionState.DONE}
    assert (done[0].action, done[0].subject) == ("refund", f"charge {call.charge_id}")
    assert done[0].details["reason"] == "The line was bad"
    assert "Give money back" not in text_of(await browser.get(path))


async def test_of_two_who_give_back_at_once_one_is_told_to_look_again(
    world: World, browser: Browser, payments: SimulatedPayments
) -> None:
    call = await settled(world)
    path = f"/console/calls/{call.booking.id}"
    assert 'name="key" value="1"' in (await browser.get(path)).raw.decode()
    answers = await asyncio.gather(
        *(browser.post(f"{path}/refund", **refund(call, amount=amount, key="1")) for amount in ("5", "7"))
    )
    assert sorted(answer.headers["Location"].partition("said=")[2] for answer in answers) == [
        "given_back#money", "not_left#money",
    ]  # fmt: skip
    assert len(payments.refunds()) == 1
    assert 'name="key" value="2"' in (await browser.get(path)).raw.decode()


@each_case(
    ("changes", "said"),
    [
        ({"amount": "a lot"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"reason": ""}, "reason"),
        ({"amount": "30.01"}, "not_left"),
        ({"amount": "0"}, "not_left"),
        ({"charge_id": "call:1:CFother"}, "not_paid"),
    ],
)
async def test_what_cannot_be_given_back_is_said(
    call: Call, browser: Browser, payments: SimulatedPayments, changes: dict[str, str], said: str
) -> None:
    path = f"/console/calls/{call.booking.id}"
    answer = await browser.post(f"{path}/refund", **refund(call, **changes))
    assert answer.headers["Location"] == f"{path}?said={said}#money"
    assert payments.refunds() == []


@each_case("key", ["k\u00e9", "k 1", "k\r\nX: y", "../k", "k" * 65])
async def test_a_key_that_no_header_may_carry_is_refused_before_anything_is_written_down(
    world: World, call: Call, browser: Browser, payments: SimulatedPayments, key: str
) -> None:
    answer = await browser.post(f"/console/calls/{call.booking.id}/refund", **refund(call, key=key))
    assert answer.status == 400
    assert (await charge_of(world, call.charge_id)).refunds == ()
    assert payments.refunds() == []


async def test_a_page_from_elsewhere_gives_nothing_back(
    world: World, api: Api, payments: SimulatedPayments
) -> None:
    call = await settled(world)
    path = f"/console/calls/{call.booking.id}/refund"
    answer = await api("POST", path, refund(call), headers={"Origin": "https://evil.example"})
    assert answer.status in (303, 403)
    assert payments.refunds() == []


def test_amounts_are_read_as_people_write_them() -> None:
    assert [cents_in(text) for text in ("", "12", "12.5", "12,50", "$ 0.07")] == [None, 1200, 1250, 1250, 7]


async def test_a_story_long_before_its_call_has_room(world: World, browser: Browser) -> None:
    """Asked for, agreed weeks ahead, nobody came, and it is told all the same."""
    call = await make_call(world, seconds=0)
    world.services.clock.advance(days=1)  # type: ignore[attr-defined]
    await world.services.billing.mark_missed()
    await world.services.background.idle()
    words = text_of(await browser.get(f"/console/calls/{call.booking.id}"))
    assert "The time passed without both on the line" in words


def test_whatever_becomes_of_a_ring_is_said_in_words() -> None:
    assert {each.__name__ for each in Admission.__subclasses__()} <= set(OUTCOMES)
