"""The command line: `thserver COMMAND`. A command is one file in `thserver/commands/` and one line here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from config.settings import SettingsError
from store.connection import ConnectionProblem
from store.embedded import EmbeddedError
from thserver.commands import (
    call,
    demo,
    export,
    indexes,
    jobs,
    ledger,
    people,
    recount,
    refund,
    resend,
    seed,
    serve,
    settings,
    staff,
)
from thserver.serve import AddressProblem
from thserver.storage import DataFolderProblem

COMMANDS = {
    "serve": serve,
    "call": call,
    "demo": demo,
    "seed": seed,
    "people": people,
    "staff": staff,
    "export": export,
    "resend": resend,
    "refund": refund,
    "recount": recount,
    "jobs": jobs,
    "ledger": ledger,
    "indexes": indexes,
    "settings": settings,
}

EXIT_CODES: dict[type[Exception], int] = {
    SettingsError: 2,
    ConnectionProblem: 3,
    EmbeddedError: 3,
    DataFolderProblem: 3,
    AddressProblem: 4,
}
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="thserver", description="Find an expert, agree on a time, dial one number."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    given = parser.parse_args(words)
    try:
        code: int = COMMANDS[given.command].run(given)
    except tuple(EXIT_CODES) as problem:
        print(f"thserver: {problem}", file=sys.stderr)
        return EXIT_CODES[type(problem)]
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
