"""`thserver staff add|list|remove`: who may accept heroes and use the console."""

from __future__ import annotations

import argparse

from thserver.commands.inside import CommandProblem, Inside, carry_out
from thserver.commands.people import person_named
from thserver.domain.errors import NotFound
from thserver.domain.phone_numbers import masked

HELP = "who is staff: add, list, remove"
EXAMPLES = """\
  thserver staff add grace@example.com
  thserver staff list
  thserver staff remove grace@example.com"""


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (("add", "make a person staff"), ("remove", "let a person be staff no more")):
        action = actions.add_parser(name, help=what)
        action.add_argument("person", metavar="PERSON", help="e-mail, number, username or id")
    listing = actions.add_parser("list", help="everybody who is staff")
    listing.add_argument("--json", action="store_true", help="for scripts")


def run(given: argparse.Namespace) -> int:
    if given.action == "list":
        return carry_out(_list, given)
    return carry_out(lambda inside: _set(inside, given.person, is_staff=given.action == "add"), given)


async def _list(inside: Inside) -> int:
    staff = await inside.services.people_desk.staff()
    inside.output.json(
        [
            {"id": each.id, "name": each.full_name, "email": each.email, "is_active": each.is_active}
            for each in staff
        ]
    )
    inside.output.rows(
        ("id", "name", "e-mail", "number", ""),
        [
            (
                each.id,
                each.full_name,
                each.email or "",
                masked(each.phone) if each.phone else "",
                "" if each.is_active else "hidden",
            )
            for each in staff
        ],
    )
    if not staff:
        inside.output.say("(nobody is staff)")
    return 0


async def _set(inside: Inside, text: str, *, is_staff: bool) -> int:
    person = await person_named(inside, text)
    name = person.mail_address or person.full_name
    if person.is_staff is is_staff:
        inside.output.say(f"{name} is {'staff already' if is_staff else 'not staff'}.")
        return 0
    async with inside.services.staff_actions.recorded(
        actor=inside.actor,
        action="make staff" if is_staff else "end being staff",
        subject=f"person {person.id}",
    ):
        try:
            await inside.services.people_desk.set_staff(person.id, is_staff=is_staff)
        except NotFound:
            raise CommandProblem(f"{name} has closed the account.") from None
    inside.output.say(f"{name} is {'staff now' if is_staff else 'not staff any more'}.")
    return 0
