"""What staff tools have in common: the services on the running service's data, and refusals as one sentence."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from config.settings import Settings
from store.database import Database
from thserver import logs
from thserver.commands.output import Output, printable
from thserver.commands.reach import settings_like_the_service
from thserver.domain.errors import Refusal, Unavailable, WrongState
from thserver.domain.staff_actions import Actor
from thserver.services.all import Services
from thserver.storage import opened, practice_file
from thserver.wiring import wire

NOT_DONE = 1
WRONG_INPUT = 2
AWAY = 3


class CommandProblem(WrongState):
    """The command cannot be carried out; the message is one sentence."""

    code = "not_possible"

    def __init__(self, sentence: str, exit_code: int = NOT_DONE) -> None:
        self.sentence, self.exit_code = sentence, exit_code
        super().__init__(sentence)

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What a command works with."""

    settings: Settings
    database: Database
    services: Services
    output: Output
    actor: Actor


Work = Callable[[Inside], Awaitable[int]]


def carry_out(work: Work, given: argparse.Namespace) -> int:
    """Do this on the data of the service that runs (or last ran) here. The exit code."""
    output = Output(as_json=getattr(given, "json", False))
    try:
        settings = settings_like_the_service()
        logs.configure(settings, quiet=True)
        return asyncio.run(_inside(work, settings, output))
    except CommandProblem as problem:
        # It may quote a file from elsewhere.
        print(f"thserver: {printable(str(problem))}", file=sys.stderr)
        return problem.exit_code
    except Unavailable:
        print("thserver: the database does not answer just now: try again in a moment.", file=sys.stderr)
        return AWAY
    except Refusal as refusal:
        print(f"thserver: that is not possible: {refusal}.", file=sys.stderr)
        return NOT_DONE
    except BrokenPipeError:
        # Whoever reads has heard enough.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return 0


async def _inside(work: Work, settings: Settings, output: Output) -> int:
    async with opened_inside(settings, output) as inside:
        return await work(inside)


@contextlib.asynccontextmanager
async def opened_inside(settings: Settings, output: Output) -> AsyncIterator[Inside]:
    async with opened(settings) as database:
        services = await wire(settings, database, records_path=practice_file(settings))
        try:
            yield Inside(
                settings=settings,
                database=database,
                services=services,
                output=output,
                actor=Actor(None, f"command line ({_who()})"),
            )
        finally:
            await services.close()


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
