"""`thserver staff add EMAIL`: lets a person accept and decline heroes."""

from __future__ import annotations

import argparse
import asyncio
import sys

from config.settings import Settings
from thserver import logs
from thserver.commands.reach import settings_like_the_service
from thserver.domain.errors import NotFound
from thserver.storage import opened, practice_file
from thserver.wiring import wire

HELP = "make a person staff: staff add EMAIL"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["add"])
    parser.add_argument("email")


def run(given: argparse.Namespace) -> int:
    settings = settings_like_the_service()
    logs.configure(settings, quiet=True)
    return asyncio.run(_run(settings, given.email))


async def _run(settings: Settings, email: str) -> int:
    async with opened(settings) as database:
        services = await wire(settings, database, records_path=practice_file(settings))
        try:
            await services.people.make_staff(email)
        except NotFound:
            print(f"thserver: nobody is registered with {email}.", file=sys.stderr)
            return 1
        finally:
            await services.close()
    print(f"{email} is staff now.")
    return 0
