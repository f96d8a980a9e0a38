"""The command line: `thserver COMMAND`. A command is one file in `thserver/commands/` and one line here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from config.values import SettingsError
from store.connection import ConnectionProblem
from store.embedded import EmbeddedError
from thserver.serve import AddressProblem
from thserver.storage import DataFolderProblem

# In the order and under the headings of the overview.
GROUPS = {
    "to run it": ("serve", "settings", "jobs", "indexes"),
    "to try it": ("seed", "call", "demo"),
    "people": ("people", "staff", "export", "import"),
    "money and messages": ("refund", "recount", "ledger", "resend"),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)

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


class _Overview(argparse.ArgumentParser):
    """Lists the commands under their headings."""

    modules: dict[str, ModuleType]

    def format_help(self) -> str:
        lines = [f"usage: {self.prog} COMMAND …", "", self.description or ""]
        for heading, names in GROUPS.items():
            lines += ["", f"{heading}:", *(f"  {name:<9} {self.modules[name].HELP}" for name in names)]
        codes = "0 done, 1 not done, 2 wrong input or setting, 3 no database, 4 no address"
        return "\n".join([*lines, "", "`thserver COMMAND --help` says more.", f"Exit codes: {codes}.", ""])


def main(words: Sequence[str] | None = None) -> int:
    modules = _imported(sys.argv[1:] if words is None else words)
    parser = _Overview(prog="thserver", description="Find an expert, agree on a time, dial one number.")
    parser.modules = modules
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    for name, module in modules.items():
        examples = getattr(module, "EXAMPLES", "")
        module.arguments(
            commands.add_parser(
                name,
                help=module.HELP,
                description=_sentence(module.HELP),
                epilog=f"examples:\n{examples}" if examples else None,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    given = parser.parse_args(words)
    try:
        code: int = modules[given.command].run(given)
    except tuple(EXIT_CODES) as problem:
        print(f"thserver: {problem}", file=sys.stderr)
        return EXIT_CODES[type(problem)]
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _imported(words: Sequence[str]) -> dict[str, ModuleType]:
    """The command that is asked for; all of them, which takes its time, only for the overview."""
    names = words[:1] if words and words[0] in COMMANDS else COMMANDS
    return {name: import_module(f"thserver.commands.{FILES.get(name, name)}") for name in names}


if __name__ == "__main__":
    sys.exit(main())
