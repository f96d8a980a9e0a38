"""`thserver seed`: example people for every contract, each with something booked, and who they are."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

import httpx

from config.settings import Settings
from store.data_folder import read_record
from thserver import logs
from thserver.commands.output import Output
from thserver.commands.reach import service_address, settings_like_the_service

HELP = "make example people with something booked, to try things out"
# So many passwords are hashed, each as slowly as it should be.
PATIENCE_S = 120.0


class SeedProblem(Exception):
    """They were not made; the message is one sentence."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(given: argparse.Namespace) -> int:
    output = Output(as_json=given.json)
    settings = settings_like_the_service(otherwise_development=True)
    logs.configure(settings, quiet=True)
    try:
        made = asyncio.run(_fill(settings))
    except SeedProblem as problem:
        print(f"thserver: {problem}", file=sys.stderr)
        return 1
    output.json(made)
    # None where nobody serves: then a service of this command's own did it, and is gone again.
    show(output, read_record(settings.data_dir).get("address"), made)
    return 0


async def _fill(settings: Settings) -> dict[str, Any]:
    """What the service has made. It does it itself, so that its clock is the one put ahead."""
    async with service_address(settings) as address:
        try:
            async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, trust_env=False) as http:
                answer = await http.post("/practice/examples", json={})
        except httpx.HTTPError as problem:
            raise SeedProblem(f"the service at {address} does not answer: {problem}.") from None
    if answer.status_code == 404:
        raise SeedProblem(
            f"the service at {address} takes no example people: that needs development mode and simulated companies."
        )
    if answer.status_code != 200:
        raise SeedProblem(f"the example people were not made: {answer.text}")
    made: dict[str, Any] = answer.json()
    return made


def show(output: Output, address: object, made: dict[str, Any]) -> None:
    output.rows(
        ("name", "number", "what for", "contract", "e-mail", "password"),
        [
            (each["name"], each["shown"], each["does"], each["contract"], each["email"], each["password"])
            for each in made["people"]
        ],
    )
    output.say(f"{made['new']} people and {made['booked']} bookings are new.")
    if address is None:
        output.say("Start the service and call them on its practice phones.")
    else:
        output.say(f"Call them on the practice phones at {address}/")
