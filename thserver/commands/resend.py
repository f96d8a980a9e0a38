"""`thserver resend`: what could not be said, and saying it again; what may have gone out is asked about first."""

from __future__ import annotations

import argparse
from collections import Counter

from thserver.commands.inside import NOT_DONE, WRONG_INPUT, CommandProblem, Inside, carry_out
from thserver.commands.output import moment
from thserver.domain.errors import NotFound, WrongState
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState
from thserver.domain.phone_numbers import masked
from thserver.services.outbox_desk import Resent

HELP = "list what could not be sent, or send it again"
EXAMPLES = """\
  thserver resend
  thserver resend reminder:7:12:15
  thserver resend --all-dead --kind text"""
MOST_LISTED = 200
# So many are under way before their outcomes are waited for.
TOGETHER = 25

SAID = {
    Resent.WENT_OUT: "the carrier has it: it had gone out all along, nothing was sent",
    Resent.IN_DOUBT: "the carrier cannot tell yet whether it went out: nothing was sent, try again in a few minutes",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "key", nargs="?", metavar="KEY", help="the row to send again; without it they are listed"
    )
    what.add_argument(
        "--all-dead", action="store_true", help="send everything again that was given up after many tries"
    )
    parser.add_argument("--kind", choices=[kind.value for kind in OutboxKind], help="only these")
    parser.add_argument("--json", action="store_true", help="list for scripts")


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: _run(inside, given), given)


async def _run(inside: Inside, given: argparse.Namespace) -> int:
    kind = OutboxKind(given.kind) if given.kind else None
    if given.key is not None:
        if kind is not None:
            raise CommandProblem("--kind goes with the list or with --all-dead, not with a key.", WRONG_INPUT)
        return await _one(inside, given.key)
    if given.all_dead:
        return await _all_dead(inside, kind)
    return await _list(inside, kind)


async def _list(inside: Inside, kind: OutboxKind | None) -> int:
    rows = await inside.services.outbox_desk.troubled(kind=kind, limit=MOST_LISTED)
    inside.output.json(
        [
            {
                "key": row.key,
                "kind": row.kind,
                "state": row.state,
                "purpose": row.purpose,
                "to": _to(row),
                "reason": row.reason,
                "attempts": row.attempts,
                "updated": row.updated,
            }
            for row in rows
        ]
    )
    inside.output.rows(
        ("key", "kind", "state", "why", "to", "tries", "since"),
        [
            (row.key, row.kind, row.state, row.reason or "", _to(row), row.attempts, moment(row.updated))
            for row in rows
        ],
    )
    if not rows:
        inside.output.say("(nothing was given up, refused, or may have gone out)")
    elif len(rows) == MOST_LISTED:
        inside.output.say(f"(these are the last {MOST_LISTED}; there may be more)")
    return 0


async def _one(inside: Inside, key: str) -> int:
    services = inside.services
    try:
        row = await services.outbox_desk.row(key)
    except NotFound:
        raise CommandProblem(f"nothing in the outbox has the key {key[:120]!r}.") from None
    async with services.staff_actions.recorded(
        actor=inside.actor, action="send again", subject=f"{row.kind} {row.ref}", details={"key": key}
    ):
        try:
            came_of_it = await services.outbox_desk.again(key)
        except WrongState:
            raise CommandProblem(await _why_not(inside, key)) from None
    if came_of_it in SAID:
        inside.output.say(f"{key}: {SAID[came_of_it]}.")
        return 0 if came_of_it is Resent.WENT_OUT else NOT_DONE
    await services.background.idle()
    row = await services.outbox_desk.row(key)
    inside.output.say(f"{key}: {_outcome(row)}.")
    return 0 if row.state in (OutboxState.DONE, OutboxState.WAITING, OutboxState.SENDING) else NOT_DONE


async def _all_dead(inside: Inside, kind: OutboxKind | None) -> int:
    services, desk = inside.services, inside.services.outbox_desk
    keys = await desk.dead(kind)
    ends: Counter[OutboxState] = Counter()
    async with services.staff_actions.recorded(
        actor=inside.actor,
        action="send all dead again",
        subject=f"outbox ({kind.value if kind else 'all kinds'})",
        details={"rows": str(len(keys))},
    ):
        with inside.output.progress("sending", len(keys)) as advance:
            for start in range(0, len(keys), TOGETHER):
                some = keys[start : start + TOGETHER]
                for key in some:
                    try:
                        await desk.again(key)
                    except (NotFound, WrongState):
                        continue  # Somebody else was at it meanwhile.
                await services.background.idle()
                ends.update((await services.outbox.states(some)).values())
                advance(len(some))
    inside.output.json({state.value: count for state, count in ends.items()})
    inside.output.rows(("now", "rows"), sorted((state.value, count) for state, count in ends.items()))
    if not keys:
        inside.output.say("(nothing is dead)")
    return NOT_DONE if ends[OutboxState.DEAD] or ends[OutboxState.FAILED] else 0


def _to(row: OutboxRow) -> str:
    return masked(row.to) if row.kind is OutboxKind.TEXT else row.to


def _outcome(row: OutboxRow) -> str:
    match row.state:
        case OutboxState.DONE:
            return "sent"
        case OutboxState.WAITING | OutboxState.SENDING:
            return "not sent yet, the service goes on trying" + (f" ({row.reason})" if row.reason else "")
        case OutboxState.UNKNOWN:
            return "it may have gone out; the carrier is asked by and by"
        case _:
            return f"{row.state.value}{f': {row.reason}' if row.reason else ''}"


async def _why_not(inside: Inside, key: str) -> str:
    row = await inside.services.outbox_desk.row(key)
    if row.state in (OutboxState.FAILED, OutboxState.DEAD):
        return f"{key} was a code, whose text is never kept: whoever waits for it asks for another."
    return f"{key} is {row.state.value}: only what was given up, refused or is unknown is sent again."
