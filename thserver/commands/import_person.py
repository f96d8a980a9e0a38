"""`thserver import FILE`: brings an exported person into this installation, all of him or nothing, and never twice."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from thserver.commands.inside import NOT_DONE, WRONG_INPUT, CommandProblem, Inside, carry_out
from thserver.commands.person_archive import parsed, read
from thserver.domain.person_files import LARGEST_TAKEN_OVER, part_file, picture_file
from thserver.domain.person_imports import TAKEN_OVER, ImportedPerson, NotAnImport
from thserver.domain.person_imports import read as read_person
from thserver.services.person_import import CameOver, CannotComeOver, Plan

HELP = "bring an exported person into this installation"
EXAMPLES = """\
  thserver import cam.zip --check
  thserver import cam.zip"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="what `thserver export` has written: a zip or a folder")
    parser.add_argument("--check", action="store_true", help="say what would come of it, and do nothing")
    parser.add_argument(
        "--proven",
        action="store_true",
        help="take address and number as proven, as the file says: only for a file that you have exported yourself",
    )
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: _run(inside, given), given)


async def _run(inside: Inside, given: argparse.Namespace) -> int:
    found, picture = _read(Path(given.file))
    # The unique ones decide what is somebody else's, also where no service has run yet.
    await inside.database.ensure_indexes()
    service = inside.services.person_import
    plan = await service.plan(found, proven=given.proven)
    if plan.conflicts:
        return _refused(inside, plan.conflicts)
    if given.check:
        return _checked(inside, found, plan)
    try:
        async with inside.services.staff_actions.recorded(
            actor=inside.actor,
            action="import",
            subject=f"person {plan.person_id}",
            details={"uuid": found.uuid, "proven": "yes" if given.proven else "no"},
        ):
            came = await service.bring(found, plan, proven=given.proven, picture=picture)
    except CannotComeOver as refused:
        return _refused(inside, refused.conflicts)
    await inside.services.background.idle()
    return _told(inside, found, came, proven=given.proven)


def _read(source: Path) -> tuple[ImportedPerson, bytes | None]:
    if not source.exists():
        raise CommandProblem(f"there is no file {source}.", WRONG_INPUT)
    _, contents = read(source)
    parts: dict[str, Any] = {}
    for name in TAKEN_OVER:
        content = contents.get(part_file(name))
        if content is not None:
            if len(content) > LARGEST_TAKEN_OVER:
                raise CommandProblem(f"{source}: {part_file(name)} is too large.", WRONG_INPUT)
            parts[name] = parsed(content, part_file(name))
    try:
        found = read_person(parts)
    except NotAnImport as problem:
        raise CommandProblem(f"{source} cannot be taken over: {problem}.", WRONG_INPUT) from None
    if found.avatar_id is None:
        return found, None
    return found, contents.get(picture_file(found.avatar_id))


def _refused(inside: Inside, conflicts: list[str]) -> int:
    inside.output.json({"imported": False, "conflicts": conflicts})
    for conflict in conflicts:
        inside.output.say(f"conflict: {conflict}")
    raise CommandProblem("nothing was imported.", NOT_DONE)


def _checked(inside: Inside, found: ImportedPerson, plan: Plan) -> int:
    inside.output.json(
        {
            "imported": False,
            "conflicts": [],
            "here": plan.here.id if plan.here else None,
            "left_out": plan.left_out,
        }
    )
    name = f"{found.account['first_name']} {found.account['last_name']}".strip() or found.uuid
    if plan.here is not None:
        inside.output.say(f"{name} is here as person {plan.here.id}: what is missing would be added.")
    else:
        inside.output.say(f"{name} would come here as somebody new.")
    for line in plan.left_out:
        inside.output.say(f"left out: {line}")
    return 0


def _told(inside: Inside, found: ImportedPerson, came: CameOver, *, proven: bool) -> int:
    inside.output.json(
        {
            "imported": True,
            "person": came.person_id,
            "is_new": came.is_new,
            "added": came.added,
            "left_out": came.left_out,
        }
    )
    inside.output.rows(
        ("part", "added", "there already"),
        [
            (part, came.added.get(part, 0), count - came.added.get(part, 0))
            for part, count in came.given.items()
            if count
        ],
    )
    for line in came.left_out:
        inside.output.say(f"left out: {line}")
    if not came.is_new:
        inside.output.say(f"He is here as person {came.person_id}: only what was missing was added.")
    elif proven:
        inside.output.say(f"He is person {came.person_id} here, and signs in with a new password or a code.")
    else:
        inside.output.say(
            f"He is person {came.person_id} here. A letter asks him to prove his address, and he sets a new password."
        )
    return 0
