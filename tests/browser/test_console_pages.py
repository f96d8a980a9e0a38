"""The desk of the console in a real browser: a settled call's story, the outbox, the sweeps and the money."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

from config.settings import load
from store.connection import connect, database_name
from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host, make_request
from tests.browser.conftest import in_a_loop
from tests.fakes.clock import FakeClock
from tests.makers import make_person
from tests.money_makers import make_conference, move_clock, settle
from thserver.domain.ports import Outcome, Sent
from thserver.gateways.password_hasher import PasswordHasher
from thserver.wiring import wire

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
Shot = Callable[[Page, str], None]

PAGES = ("/console/calls", "/console/calls/1", "/console/outbox", "/console/sweeps", "/console/money")


def in_the_house(database_uri: str, at: datetime, act: Callable[[World], Awaitable[None]]) -> None:
    """Do something with the service's database, without a server."""

    async def enter() -> None:
        database = Database(connect(database_uri), database_name(database_uri))
        services = await wire(
            load({"DEBUG": "True", "SECRET_KEY": "a-secret-for-tests-only"}, dotenv=None),
            database,
            clock=FakeClock(at),
            hasher=PasswordHasher(memory_in_kib=8, passes=1),
        )
        services.practice.carrier.faults.drop_callbacks = True
        try:
            await act(World(services, database))
            await services.background.idle()
        finally:
            await services.close()
            await database.close()

    in_a_loop(enter)


async def play(world: World) -> None:
    """A call that was settled, a reminder to each, a ring that came too early, and a text that was refused."""
    services = world.services
    guest = await make_caller(world)
    _, hero = await make_host(world, rate_in_cents=150)
    booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    host = await world.database.people.get(booking.host_id)
    assert host is not None

    async def ring(sid: str, phone: str | None) -> None:
        decision = await services.admissions.ring(sid, from_number=phone or "", verstat="")
        await services.admissions.keep(decision, "<Response/>")

    async def at(moment: datetime) -> None:
        """Whatever was to be said before is said first."""
        await services.background.idle()
        move_clock(world, moment)

    await at(booking.starts - timedelta(minutes=20))
    await ring("CA-early", guest.phone)
    await at(booking.starts - timedelta(minutes=14))
    await services.reminders.send_due()
    await at(booking.starts - timedelta(minutes=2))
    await ring("CA-guest", guest.phone)
    await at(booking.starts)
    await ring("CA-host", host.phone)
    conference = await make_conference(
        world, booking, host=((5, 1500),), guest=((-110, 600), (720, 1520)), sid="CF" + "1" * 32
    )
    assert conference.ended is not None
    await at(conference.ended + timedelta(seconds=2))
    await settle(world)
    refused = Sent(Outcome.FAILED, reason="30003")

    async def refuse(*args: Any, **kwargs: Any) -> Sent:
        return refused

    other = await make_person(services, first_name="Nora", last_name="Quist")
    with patch.object(services.practice.carrier, "send_text", refuse):
        await services.outbox.add_text(
            key="notice:browser", to=other.phone or "", person_id=other.id, body="Hello", purpose="notice"
        )
        await services.background.idle()


@pytest.fixture(scope="module", autouse=True)
def played(database_uri: str) -> None:
    """Before the service starts, so that it finds everything settled."""
    in_the_house(database_uri, datetime.now(UTC) - timedelta(hours=4), play)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (360, True)], ids=["desktop", "phone in the dark"]
)
def test_every_page_is_whole_and_axe_finds_nothing(
    open_page: OpenPage, axe: Axe, shot: Shot, width: int, dark: bool
) -> None:
    page = open_page(PAGES[0], width=width, dark=dark)
    for path in PAGES:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        shot(page, f"{path.rpartition('/')[2]}-{'phone' if width < 500 else 'desktop'}")
        assert axe(page) == [], path
        assert overflow(page) <= 0, path


def test_a_call_is_found_and_its_story_is_drawn(open_page: OpenPage) -> None:
    page = open_page("/console/calls")
    page.get_by_label("State").select_option("held")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Call 1").click()
    drawing = page.get_by_role("img", name="Call 1 on one line of time")
    expect(drawing).to_be_visible()
    # Somebody who dropped and came again: three stays, and two times together.
    expect(drawing.locator("rect.stay")).to_have_count(3)
    expect(drawing.locator("rect.shared")).to_have_count(2)
    steps = page.get_by_role("list").filter(has_text="asked for it")
    for step in (
        "Cam Newton rang and was too early",
        "Reminder by text to Cam Newton",
        "Cam Newton rang and was let into the room",
        "Tom Brady came on the line",
        "The conference ended",
        "Billed $",
        "Receipt by e-mail to Tom Brady",
    ):
        expect(steps).to_contain_text(step)
    expect(steps).to_contain_text(
        "CST" if datetime.now(UTC).month in (11, 12, 1, 2) else re.compile("C[SD]T")
    )
    page.get_by_label("Times in").select_option("Asia/Tokyo")
    page.locator("form.zone").get_by_role("button", name="Show").click()
    expect(steps).to_contain_text("JST")


def test_a_refused_text_is_sent_again(open_page: OpenPage) -> None:
    page = open_page("/console/outbox")
    row = page.get_by_role("row").filter(has_text="Nora Quist")
    expect(row).to_contain_text("the phone is off or out of reach")
    row.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_contain_text("It is being sent again.")
    expect(row).to_have_count(0)
    page.goto("/console/actions")
    expect(page.get_by_role("row").filter(has_text="send again")).to_contain_text("done")


def test_a_job_is_run_by_hand(open_page: OpenPage) -> None:
    page = open_page("/console/sweeps")
    job = page.get_by_role("row").filter(has_text="pay-kept-balances")
    job.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("pay-kept-balances")
    expect(job).to_contain_text("done")


def test_money_is_given_back_from_the_page_of_the_call(open_page: OpenPage) -> None:
    page = open_page("/console/calls/1")
    page.get_by_text("Give money back").click()
    page.get_by_label("Amount in dollars").fill("1.50")
    page.get_by_label("Reason").fill("The line was bad")
    page.get_by_role("button", name="Give it back").click()
    # This service's card company has never seen that payment: it says no, and so does the page.
    expect(page.get_by_role("status")).to_contain_text("The card company refused the refund.")
    page.goto("/console/money")
    expect(page.get_by_text("Owed to heroes", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Owed to heroes")).to_contain_text("Tom Brady")
    expect(page.get_by_role("img", name=re.compile("Calls by day: 1 in all"))).to_be_visible()


def test_what_is_booked_appears_without_a_reload(open_page: OpenPage, database_uri: str) -> None:
    page = open_page("/console/calls")
    expect(page.get_by_role("link", name="Call 1")).to_be_visible()
    expect(page.get_by_role("link", name="Call 2")).to_have_count(0)

    async def ask(world: World) -> None:
        _, hero = await make_host(world)
        await make_request(
            world, await make_caller(world, phone="+12023334444", email="new@example.com"), hero
        )

    in_the_house(database_uri, datetime.now(UTC), ask)
    expect(page.get_by_role("link", name="Call 2")).to_be_visible()
