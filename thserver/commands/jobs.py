"""`thserver jobs [NAME]`: the timetable, or one of its jobs now."""

from __future__ import annotations

import argparse
import asyncio
import sys

from rich.console import Console
from rich.table import Table

from config.settings import Settings
from scheduler.runner import Runner
from scheduler.timetable import TIMETABLE, what_it_does
from thserver import logs
from thserver.commands.reach import settings_like_the_service
from thserver.domain.errors import Refusal
from thserver.services.leases import Taken
from thserver.storage import opened, practice_file
from thserver.wiring import wire

PATIENCE_SECONDS = 10
HELP = "list the timetable, or run one job now: jobs send-reminders"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="the job to run now; without it the timetable is listed")


def run(given: argparse.Namespace) -> int:
    if given.name is None:
        return _list()
    if given.name not in TIMETABLE:
        print(f"thserver: no job is called {given.name}: {', '.join(TIMETABLE)}.", file=sys.stderr)
        return 1
    settings = settings_like_the_service()
    logs.configure(settings, quiet=True)
    return asyncio.run(_run(settings, given.name))


def _list() -> int:
    table = Table("job", "every", "does")
    for name, (job, seconds) in TIMETABLE.items():
        table.add_row(name, _interval(seconds), what_it_does(job))
    Console().print(table)
    return 0


def _interval(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


async def _run(settings: Settings, name: str) -> int:
    async with opened(settings) as database:
        services = await wire(settings, database, records_path=practice_file(settings))
        try:
            done = await _when_it_is_our_turn(Runner(services), name)
        except Taken:
            print(f"thserver: {name} is running in another process right now.", file=sys.stderr)
            return 1
        except Refusal as refusal:
            print(f"thserver: {name} did not get through: {refusal.code}.", file=sys.stderr)
            return 1
        finally:
            await services.close()
    print(f"{name}: {'done' if done is None else f'{done} done'}")
    return 0


async def _when_it_is_our_turn(runner: Runner, name: str) -> int | None:
    """Run the job, waiting a while for a service that happens to be at it."""
    patience = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await runner.run(name)
        except Taken:
            if asyncio.get_running_loop().time() > patience:
                raise
        await asyncio.sleep(0.2)
