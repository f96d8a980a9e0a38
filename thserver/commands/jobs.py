"""`thserver jobs [NAME]`: the timetable, or one of its jobs now."""

from __future__ import annotations

import argparse
import asyncio
import sys

from rich.console import Console
from rich.table import Table

from config.settings import Settings
from scheduler.timetable import TIMETABLE
from thserver import logs
from thserver.commands.reach import settings_like_the_service
from thserver.storage import opened, practice_file
from thserver.wiring import wire

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
    table = Table("job", "runs", "does")
    for name, job in TIMETABLE.items():
        table.add_row(name, str(job), (job.__doc__ or "").strip().partition("\n")[0])
    Console().print(table)
    return 0


async def _run(settings: Settings, name: str) -> int:
    async with opened(settings) as database:
        services = await wire(settings, database, records_path=practice_file(settings))
        try:
            done = await TIMETABLE[name](services)
        finally:
            await services.close()
    print(f"{name}: {done if done is not None else 'done'}")
    return 0
