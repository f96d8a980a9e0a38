"""`thserver settings`: every setting with its default, as an example file."""

from __future__ import annotations

import argparse

from config.settings import example_file

HELP = "print every setting with its default, as an example .env"


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(given: argparse.Namespace) -> int:
    print(example_file(), end="")
    return 0
