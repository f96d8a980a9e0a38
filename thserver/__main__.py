"""The command line: `thserver COMMAND`. A command is one file in `thserver/commands/` and one line here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from config.settings import SettingsError
from store.connection import ConnectionProblem
from store.embedded import EmbeddedError
from thserver.serve import AddressProblem
from thserver.storage import DataFolderProblem

COMMANDS = (
    "serve",
    "call",
    "demo",
    "seed",
    "people",
    "staff",
    "export",
    "import",
    "resend",
    "refund",
    "recount",
    "jobs",
    "ledger",
    "indexes",
    "settings",
)

# A file cannot bear the name of every command.
FILES = {"import": "import_person"}

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
    modules = _imported(sys.argv[1:] if words is None else words)
    for name, module in modules.items():
        module.arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    given = parser.parse_args(words)
    try:
        code: int = modules[given.command].run(given)
    except tuple(EXIT_CODES) as problem:
        print(f"thserver: {problem}", file=sys.stderr)
        return EXIT_CODES[type(problem)]
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _imported(words: Sequence[str]) -> dict[str, ModuleType]:
    """The command that is asked for; all of them, which takes its time, only for the overview."""
    names = words[:1] if words and words[0] in COMMANDS else COMMANDS
    return {name: import_module(f"thserver.commands.{FILES.get(name, name)}") for name in names}


if __name__ == "__main__":
    sys.exit(main())
