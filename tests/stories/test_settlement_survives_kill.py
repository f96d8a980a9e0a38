"""The service is killed, as by `kill -9`, at every named point of a settlement, and started again: one charge, one
receipt each, and books that add up."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from config.settings import Settings, load
from store.connection import connect, database_name
from store.database import Database
from tests.booking_makers import World
from tests.databases import lent
from tests.fakes.clock import FakeClock
from tests.fork_server import ForkedProcess, start_forked
from tests.money_makers import Call, charge_of, make_call, settle
from thserver import kill_points
from thserver.domain import ledger
from thserver.domain.charges import Refund, State
from thserver.gateways.password_hasher import PasswordHasher
from thserver.wiring import wire

AT_ONCE = 4
# How many times as often as usual the service looks for what is due.
HURRY = 10
PATIENCE_S = 60
SETTLING = sorted(name for name in kill_points.POINTS if name.partition(".")[0] in ("settle", "charge", "outbox"))  # fmt: skip
REFUNDING = sorted(
    name for name in kill_points.POINTS if name.startswith("refund.") and name != "refund.written"
)
# When the call was, so that the service finds it over.
HOURS_AGO = 4


@dataclass
class Scene:
    """One database, one data folder, and the service that is killed there."""

    environment: dict[str, str]
    settings: Settings
    uri: str

    async def with_house(self, act: Callable[[World], Awaitable[None]], at: datetime) -> None:
        """Do something with the services, without a server, at that moment."""
        database = Database(connect(self.uri), database_name(self.uri))
        services = await wire(
            self.settings,
            database,
            clock=FakeClock(at),
            hasher=PasswordHasher(memory_in_kib=8, passes=1),
            records_path=self.settings.data_dir / "simulated.sqlite",
        )
        try:
            await act(World(services, database))
            await services.background.idle()
        finally:
            await services.close()
            await database.close()

    async def serve(self, **more: str) -> ForkedProcess:
        env = {"PATH": os.environ["PATH"], **self.environment, **more}
        return await start_forked("serve", folder=self.settings.data_dir, env=env, hurry=HURRY)

    async def killed_at(self, point: str) -> None:
        process = await self.serve(KILL_AT=point)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{point} was never reached") from None
        finally:
            process.close()
        assert process.returncode == -signal.SIGKILL, process.returncode

    async def restarted(self, is_done: Callable[[Database], Awaitable[bool]]) -> None:
        """Serve again, with the clock put ahead past every lease, until all is done; then end as usual."""
        process = await self.serve()
        try:
            async with asyncio.timeout(PATIENCE_S):
                base_url = await _address(process)
                await self._until_done(base_url, is_done)
            process.terminate()
            async with asyncio.timeout(PATIENCE_S):
                await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            process.close()
        assert process.returncode == 0, process.returncode

    async def _until_done(self, base_url: str, is_done: Callable[[Database], Awaitable[bool]]) -> None:
        database = Database(connect(self.uri), database_name(self.uri))
        try:
            async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
                while not await is_done(database):
                    answer = await http.post("/practice/clock", json={"advance_s": 60})
                    assert answer.status_code == 200, answer.text
                    await asyncio.sleep(0.2)
        finally:
            await database.close()


async def _address(process: ForkedProcess) -> str:
    async for line in process.stdout:
        if b"is ready at" in line:
            return line.split()[-1].decode()
    raise AssertionError("the service did not start")


def make_scene(uri: str, folder: Path, point: str) -> Scene:
    data = folder / point
    data.mkdir()
    environment = {
        "DEBUG": "True",
        "SECRET_KEY": "a-secret-for-tests-only",
        "DATABASE_URL": uri,
        "DATA_DIR": str(data),
        "PORT": "0",
    }
    return Scene(environment, load(environment, dotenv=None), uri)


async def play(scene: Scene, point: str) -> None:
    """A call is over; the service is killed at this point of settling it, started again, and looked at."""
    calls: list[Call] = []

    async def have_a_call(world: World) -> None:
        calls.append(await make_call(world))

    async def is_done(database: Database) -> bool:
        charge = await database.charges.get(calls[0].charge_id)
        if charge is None or charge.state is not State.SUCCEEDED or charge.news:
            return False
        rows = await database.outbox.recent(None, limit=200)
        receipts = [row for row in rows if row.key.startswith("receipt:")]
        return len(receipts) == 4 and all(row.state == "done" for row in receipts)

    async def look(world: World) -> None:
        call = calls[0]
        charge = await charge_of(world, call.charge_id)
        assert charge.amount_in_cents == 3000
        intents = world.services.practice.payments.intents()
        assert [(intent["amount"], intent["status"]) for intent in intents] == [(3000, "succeeded")]
        assert await world.database.ledger.balance(ledger.CARD) == -3000
        assert await world.services.billing.balance_owed(call.host.id) == 2550
        for person, words in ((call.guest, "Receipt: $30.00"), (call.host, "$25.50 for your call")):
            letters = world.services.practice.mail.letters_to(person.email or "")
            assert sum(words in letter["subject"] for letter in letters) == 1, person.email
            texts = world.services.practice.carrier.texts_to(person.phone or "")
            assert sum("Tech Heroes receipt" in text["body"] for text in texts) == 1, person.phone
        assert await world.services.billing.check() == []

    await scene.with_house(have_a_call, datetime.now(UTC) - timedelta(hours=HOURS_AGO))
    await scene.killed_at(point)
    await scene.restarted(is_done)
    await scene.with_house(look, datetime.now(UTC) + timedelta(days=1))


async def play_refund(scene: Scene, point: str) -> None:
    """A refund was asked for; the service is killed at this point of giving it, started again, and looked at."""
    calls: list[Call] = []

    async def ask_for_a_refund(world: World) -> None:
        calls.append(await make_call(world))
        await settle(world)
        asked = Refund("desk-1", 500, world.services.clock.now())
        assert await world.database.charges.ask_refund(calls[0].charge_id, asked) is not None

    async def is_done(database: Database) -> bool:
        charge = await database.charges.get(calls[0].charge_id)
        return charge is not None and not charge.refunds[0].is_open and not charge.news

    async def look(world: World) -> None:
        assert [refund["amount"] for refund in world.services.practice.payments.refunds()] == [500]
        assert await world.database.ledger.balance(ledger.CARD) == -2500
        assert await world.services.billing.check() == []

    await scene.with_house(ask_for_a_refund, datetime.now(UTC) - timedelta(hours=HOURS_AGO))
    await scene.killed_at(point)
    await scene.restarted(is_done)
    await scene.with_house(look, datetime.now(UTC) + timedelta(days=1))


@pytest.mark.timeout(400)
async def test_a_service_killed_at_any_point_charges_once_and_sends_one_receipt_each(
    mongo_uri: str, tmp_path: Path
) -> None:
    plays = [(play, point) for point in SETTLING] + [(play_refund, point) for point in REFUNDING]
    assert len(plays) >= 15
    turns = asyncio.Semaphore(AT_ONCE)
    failures: dict[str, str] = {}

    async def take_turn(act: Callable[[Scene, str], Awaitable[None]], point: str) -> None:
        async with turns, lent(mongo_uri) as uri:
            try:
                await act(make_scene(uri, tmp_path, point), point)
            except (Exception, AssertionError) as error:
                failures[point] = f"{type(error).__name__}: {error}"

    await asyncio.gather(*(take_turn(act, point) for act, point in plays))
    assert failures == {}
