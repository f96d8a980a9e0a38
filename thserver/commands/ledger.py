"""`thserver ledger check`: recounts credits and money, and names whatever does not add up."""

from __future__ import annotations

import argparse

from thserver.commands.inside import NOT_DONE, Inside, carry_out

HELP = "count only credits and money; exit code 1 when they differ"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["check"], help="check: count everything again")


def run(given: argparse.Namespace) -> int:
    return carry_out(_run, given)


async def _run(inside: Inside) -> int:
    differences = {
        "credits": await inside.services.credit_recount.check(),
        "money": await inside.services.billing.check(),
    }
    for name, found in differences.items():
        for line in found:
            inside.output.say(f"{name}: {line}")
        if not found:
            inside.output.say(f"{name}: everything adds up")
    return NOT_DONE if any(differences.values()) else 0
