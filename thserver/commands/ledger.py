"""`thserver ledger check`: recounts credits and money, and names whatever does not add up."""

from __future__ import annotations

import argparse
import asyncio

from config.settings import Settings
from thserver import logs
from thserver.commands.reach import settings_like_the_service
from thserver.storage import opened, practice_file
from thserver.wiring import wire

HELP = "count only credits and money; exit code 1 when they differ"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["check"], help="check: count everything again")


def run(given: argparse.Namespace) -> int:
    settings = settings_like_the_service()
    logs.configure(settings, quiet=True)
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    async with opened(settings) as database:
        services = await wire(settings, database, records_path=practice_file(settings))
        try:
            differences = {
                "credits": await services.credit_recount.check(),
                "money": await services.billing.check(),
            }
        finally:
            await services.close()
    for name, found in differences.items():
        for line in found:
            print(f"{name}: {line}")
        if not found:
            print(f"{name}: everything adds up")
    return 1 if any(differences.values()) else 0
