"""`thserver export PERSON -o FILE`: everything that is kept about one person, as JSON files and pictures."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

from thserver.commands.inside import WRONG_INPUT, CommandProblem, Inside, carry_out
from thserver.commands.people import person_named
from thserver.commands.person_archive import Writer
from thserver.domain.person_files import FORMAT, VERSION, part_file, picture_file

HELP = "write everything about one person into a zip or a folder"
EXAMPLES = """\
  thserver export cam@example.com -o cam.zip
  thserver export 7 -o cam"""
NOTE = (
    "What `thserver import` takes of it: profile, hero, mentor, mentee and circle profiles, settings, skills, "
    "availability, address book and picture. Bookings, calls, messages and money stay where they happened: the "
    "ledger of an installation is its own."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("person", metavar="PERSON", help="id, number, e-mail or username")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="a file that ends in .zip, or a folder to make"
    )


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: _run(inside, given), given)


async def _run(inside: Inside, given: argparse.Namespace) -> int:
    person = await person_named(inside, given.person)
    target = Path(given.output)
    if not target.parent.is_dir():
        raise CommandProblem(f"there is no folder {target.parent}.", WRONG_INPUT)
    service = inside.services.personal_data
    made = inside.services.clock.now()
    async with inside.services.staff_actions.recorded(
        actor=inside.actor, action="export", subject=f"person {person.id}"
    ):
        subject = await service.subject(person.id)
        with (
            Writer(target, made=made) as writer,
            inside.output.progress("reading", len(service.part_names())) as advance,
        ):
            async for part in service.parts(subject):
                writer.add_json(part_file(part.name), part.rows, about=part.about, count=len(part.rows))
                advance(1, part.name)
            async for image_id, content in service.pictures(subject):
                writer.add(picture_file(image_id), content, about="a picture that he uploaded")
            writer.finish(
                {
                    "format": FORMAT,
                    "version": VERSION,
                    "made": made.isoformat().replace("+00:00", "Z"),
                    "made_by": f"thserver {version('thserver')}",
                    "person": {"id": person.id, "uuid": person.uuid},
                    "note": NOTE,
                    "left_out": service.left_out(),
                }
            )
    inside.output.say(
        f"{target}: {sum(about.get('count', 0) for about in writer.files.values())} rows in "
        f"{len(writer.files)} files about {person.full_name}. Keep it as carefully as the database."
    )
    return 0
