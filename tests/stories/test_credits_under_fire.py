"""Credits while everybody wants them at once and processes are killed: none is made, none is lost.

STORM_SECONDS=30 in the environment makes the storm as long as that.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import load
from store.connection import connect, database_name
from store.database import Database
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.meeting_makers import make_confirmed_meeting, make_member
from tests.money_makers import give_card, later
from tests.stories.credit_storm import PEOPLE, SEEN, Storm
from tests.stories.fleet import Fleet, fleet
from thserver import kill_points
from thserver.domain.people import Person
from thserver.gateways.password_hasher import PasswordHasher
from thserver.wiring import wire

STORM_S = float(os.environ.get("STORM_SECONDS", "6"))
POINTS = sorted(name for name in kill_points.POINTS if name.partition(".")[0] in ("credit", "purchase"))
PATIENCE_S = 60
# How many times as often as usual the service that is killed looks for what is due.
HURRY = 10


async def in_the_house(
    ships: Fleet, act: Callable[[World], Awaitable[None]], *, ahead: timedelta = timedelta()
) -> None:
    """Do something with the services, without a server, so much ahead of the fleet's clocks."""
    settings = load(ships.environment, dotenv=None)
    uri = settings.database_url
    database = Database(connect(uri), database_name(uri))
    services = await wire(
        settings,
        database,
        clock=FakeClock(datetime.now(UTC) + timedelta(seconds=ships.ahead_s) + ahead),
        hasher=PasswordHasher(memory_in_kib=8, passes=1),
        records_path=settings.data_dir / "simulated.sqlite",
    )
    try:
        await act(World(services, database))
        await services.background.idle()
    finally:
        await services.close()
        await database.close()


async def sweep(world: World) -> None:
    """Everything that the timetable does about meetings and credits."""
    services = world.services
    await services.bookings.lapse_stale(services.clock.now())
    await services.billing.mark_missed()
    await services.meetings.decide_no_shows()
    async with asyncio.timeout(PATIENCE_S):
        # What a process was writing when it was killed stays locked for some seconds.
        while await services.news.tell_left_over():  # noqa: ASYNC110 (a lock tells nobody when it goes)
            await asyncio.sleep(0.5)
    await services.background.idle()
    await services.purchases.finish_open()
    await services.credits.settle_due()


async def adds_up(ships: Fleet) -> None:
    code, said = await ships.command("ledger", "check")
    assert code == 0, said
    assert said.splitlines() == ["credits: everything adds up", "money: everything adds up"]


@pytest.mark.timeout(120 + 6 * STORM_S)
async def test_fifty_people_at_random_and_killed_processes_make_and_lose_no_credit(
    mongo_uri: str, tmp_path: Path
) -> None:
    tokens: dict[int, str] = {}
    people: list[Person] = []

    async def make_people(world: World) -> None:
        for number in range(PEOPLE):
            person = await make_member(world, credits=3)
            if number % 2:
                await give_card(world, person)
            people.append(person)
            tokens[person.id] = await world.services.sign_in.give_token(person.id, "experts")
        # Some have met already, so that there is something to pay for from the beginning.
        for requester, expert in itertools.pairwise(people):
            await make_confirmed_meeting(world, requester, expert)
        later(world, hours=2)
        for requester in people[:-1]:
            for booking in await world.services.meetings.of_person(requester.id, as_host=False):
                await world.services.meetings.complete(booking, requester.id)

    async with fleet(mongo_uri, tmp_path, "storm", processes=2, CREDIT_SETTLE_AFTER_HOURS="6") as ships:
        await in_the_house(ships, make_people, ahead=timedelta(hours=-3))
        for port in ships.ports:
            await ships.start(port)
        storm = Storm(ships, tokens)
        await storm.blow(STORM_S, kill_every=STORM_S / 4)
        assert storm.wrong == []
        assert await ships.apart_s() < 60
        # Also in the middle of things. The clocks run so fast that what a killed process left to the sweeps seems
        # older than it is, so they go first.
        await in_the_house(ships, sweep)
        await adds_up(ships)
        for days in range(1, 5):
            await in_the_house(ships, sweep, ahead=timedelta(days=days))
        balances = await storm.balances()
        assert min(balances.values()) >= 0
        assert sum(balances.values()) >= 3 * PEOPLE + storm.bought
        assert storm.answered["killed"]
        assert all(storm.answered[what] for what in SEEN), storm.answered
        await adds_up(ships)
        assert ships.complaints() == ""


@pytest.mark.timeout(400)
async def test_a_service_killed_at_any_point_moves_each_credit_once(mongo_uri: str, tmp_path: Path) -> None:
    assert len(POINTS) == 6
    turns = asyncio.Semaphore(2)
    failures: dict[str, str] = {}

    async def take_turn(point: str) -> None:
        async with turns:
            try:
                await play(mongo_uri, tmp_path, point)
            except (Exception, AssertionError) as error:
                failures[point] = f"{type(error).__name__}: {error}"

    await asyncio.gather(*(take_turn(point) for point in POINTS))
    assert failures == {}


async def play(mongo_uri: str, folder: Path, point: str) -> None:
    """John does what leads to this point, the service is killed there, and started again."""
    people: dict[str, Any] = {}

    async def make_people(world: World) -> None:
        for name in ("john", "jane"):
            person = await make_member(world, credits=3)
            await give_card(world, person)
            people[name] = person.id
            people[f"{name}'s token"] = await world.services.sign_in.give_token(person.id, "experts")

    async def look_at_money(world: World) -> None:
        intents = world.services.practice.payments.intents()
        assert [intent["amount"] for intent in intents] == ([500] if point.startswith("purchase") else [])

    async with fleet(mongo_uri, folder, point.replace(".", "_"), hurry=HURRY) as ships:
        [port], [address] = ships.ports, ships.addresses
        await in_the_house(ships, make_people)

        async def ask(who: str, method: str, path: str, body: Any = None) -> httpx.Response | None:
            headers = {"Authorization": f"Bearer {people[who + chr(39) + 's token']}"}
            async with httpx.AsyncClient(base_url=f"{address}/api", trust_env=False, timeout=20) as http:
                try:
                    return await http.request(method, path, json=body, headers=headers)
                except httpx.HTTPError:
                    return None

        async def balance(who: str) -> int:
            answer = await ask(who, "GET", "/credits/balance/")
            assert answer is not None
            return int(answer.json()["balance"])

        starts = datetime.now(UTC) + timedelta(hours=1)
        meeting = {
            "title": "Help",
            "expert_id": people["jane"],
            "category_id": 1,
            "scheduled_start": starts.isoformat(),
            "scheduled_end": (starts + timedelta(hours=1)).isoformat(),
        }
        # Up to the step that is killed.
        await ships.start(port)
        number = 0
        if point in ("credit.released", "credit.settled"):
            made = await ask("john", "POST", "/meetings/", meeting)
            assert made is not None
            number = made.json()["id"]
        if point == "credit.settled":
            assert await ask("jane", "PATCH", f"/meetings/{number}/update_status/", {"status": "confirmed"})
            await ships.advance(3 * 3600)
            assert await ask("jane", "PATCH", f"/meetings/{number}/update_status/", {"status": "completed"})
        await ships.kill(port)
        await ships.start(port, KILL_AT=point)
        purchase = {"payment_method": "credit_card", "amount": "5.00", "credits_to_purchase": 5}
        killing = {
            "credit.held": ("POST", "/meetings/", meeting),
            "credit.released": ("PATCH", f"/meetings/{number}/update_status/", {"status": "cancelled"}),
            "credit.settled": ("POST", "/credits/transfer/", {"meeting_id": number, "amount": 2}),
        }.get(point, ("POST", "/payments/purchase_credits/", purchase))
        assert await ask("john", *killing) is None
        await ships.died(port)
        await ships.start(port)
        john, jane = {
            "credit.held": (2, 3),
            "credit.released": (3, 3),
            "credit.settled": (1, 5),
        }.get(point, (8, 3))
        async with asyncio.timeout(PATIENCE_S):
            while (await balance("john"), await balance("jane")) != (john, jane):
                await ships.advance(20)
                await asyncio.sleep(0.2)
        # Whoever asks again, as his client got no answer, is told that it is done.
        if point.startswith("credit."):
            again = await ask("john", *killing)
            assert again is not None
            assert again.status_code == 400, again.text
        await ships.advance(300)
        assert (await balance("john"), await balance("jane")) == (john, jane)
        await adds_up(ships)
        await in_the_house(ships, look_at_money)
        assert ships.complaints() == ""
