"""`thserver --help`: every command under a heading, in a line that fits; what is no command ends with 2."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.commands.conftest import Command
from thserver.__main__ import COMMANDS, FILES
from thserver.commands import inside

HELPERS = {"__init__", "inside", "output", "reach", "person_archive", "demo_people"}


async def test_every_command_is_in_the_overview_in_a_line_that_fits(command: Command) -> None:
    code, out, _ = await command("--help")
    assert code == 0
    for name in COMMANDS:
        module = import_module(f"thserver.commands.{FILES.get(name, name)}")
        assert f"  {name:<9} {module.HELP}\n" in out
    assert max(map(len, out.splitlines())) <= 90


def test_every_file_of_a_command_is_a_command() -> None:
    files = {path.stem for path in Path(inside.__file__).parent.glob("*.py")} - HELPERS
    assert files == {FILES.get(name, name) for name in COMMANDS}


async def test_each_command_says_how_it_goes(command: Command) -> None:
    for name in COMMANDS:
        code, out, _ = await command(name, "--help")
        assert (code, out.startswith(f"usage: thserver {name}")) == (0, True)


async def test_what_is_no_command_ends_with_2(command: Command) -> None:
    for words in ((), ("nonsense",), ("people", "dance")):
        code, _, err = await command(*words)
        assert (code, "Traceback" in err) == (2, False)
