"""`thserver serve`: the service itself."""

from __future__ import annotations

import argparse

import uvloop

from config.settings import load
from thserver import serve

HELP = "serve until Ctrl-C or SIGTERM"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--development", action="store_true", help="set DEBUG=True unless the environment or .env sets it"
    )


def run(given: argparse.Namespace) -> int:
    uvloop.run(serve.main(load(development=given.development)))
    return 0
