"""`thserver recount`: everything that can be counted twice is, and what differs is named."""

from __future__ import annotations

import argparse
import re

from scheduler.runner import Runner
from thserver.commands.inside import NOT_DONE, Inside, carry_out
from thserver.domain.errors import Refusal
from thserver.services.leases import Taken

HELP = "count everything again; exit code 1 when anything differs"
EXAMPLES = """\
  thserver recount
  thserver recount --json
  thserver recount --repair"""
# What these jobs do by themselves is what a process that died has left undone.
FINISHING = ("close-silent-conferences", "settle-calls", "mark-missed", "settle-credits", "deliver-outbox")
ACCOUNT = re.compile(r"person ([0-9]+): -?[0-9]+ free credits in the account, ")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repair",
        action="store_true",
        help="first finish what is left undone, and let credit accounts be what their entries come to",
    )
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: _run(inside, repair=given.repair), given)


async def _run(inside: Inside, *, repair: bool) -> int:
    if repair:
        async with inside.services.staff_actions.recorded(
            actor=inside.actor, action="repair", subject="credits and calls"
        ):
            repaired = await _repair(inside)
        for line in repaired:
            inside.output.say(f"repaired: {line}")
    found = await _count(inside)
    inside.output.json(found)
    for part, lines in found.items():
        if not lines:
            inside.output.say(f"{part}: everything adds up")
    if any(found.values()):
        inside.output.rows(
            ("part", "difference"), [(part, line) for part, lines in found.items() for line in lines]
        )
    return NOT_DONE if any(found.values()) else 0


async def _count(inside: Inside) -> dict[str, list[str]]:
    services = inside.services
    with inside.output.progress("counting credits and money", 2) as advance:
        credits = await services.credit_recount.check()
        advance()
        money = await services.billing.check()
        advance()
    with inside.output.progress("counting bookings", await services.booking_recount.count()) as advance:
        bookings = await services.booking_recount.check(advance)
    return {"credits": credits, "money": money, "bookings": bookings}


async def _repair(inside: Inside) -> list[str]:
    services = inside.services
    runner = Runner(services)
    done = []
    with inside.output.progress("finishing", len(FINISHING)) as advance:
        for name in FINISHING:
            advance(0, name)
            try:
                await runner.run(name)
            except (Taken, Refusal):
                done.append(f"{name} is being done by the service")
            advance(1)
        await services.background.idle()
    for line in await services.credit_recount.check():
        named = ACCOUNT.match(line)
        if named is None:
            continue
        changed = await inside.database.credit_repairs.by_entries(int(named[1]), now=services.clock.now())
        if changed is not None:
            done.append(f"person {named[1]} has {changed[1]} free credits by the entries, not {changed[0]}")
    return done
