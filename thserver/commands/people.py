"""`thserver people find TEXT` and `thserver people show ID`: who somebody is and what there is about him."""

from __future__ import annotations

import argparse
from typing import Any

from thserver.commands.inside import CommandProblem, Inside, carry_out
from thserver.commands.output import dollars, moment
from thserver.domain.errors import Conflict, NotFound
from thserver.domain.people import Person
from thserver.domain.phone_numbers import masked, shown
from thserver.services.people_desk import About

HELP = "find people, and show what there is about one"
EXAMPLES = """\
  thserver people find newton
  thserver people find "+1 312 555 0123"
  thserver people show 7 --unmasked"""


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    find = actions.add_parser("find", help="by number, e-mail, username, id, or the beginning of a name")
    find.add_argument("text", metavar="TEXT")
    show = actions.add_parser("show", help="everything at a glance about one person")
    show.add_argument("text", metavar="PERSON", help="id, number, e-mail or username")
    for each in (find, show):
        each.add_argument(
            "--unmasked", action="store_true", help="show whole numbers; this is recorded for each person"
        )
        each.add_argument("--json", action="store_true", help="for scripts")


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: (_find if given.action == "find" else _show)(inside, given), given)


async def person_named(inside: Inside, text: str) -> Person:
    """Whom an argument names. Raises CommandProblem."""
    try:
        return await inside.services.people_desk.one(text)
    except NotFound:
        raise CommandProblem(
            f"nobody has the id, number, e-mail or username {text[:80]!r}: look with `thserver people find`."
        ) from None
    except Conflict:
        raise CommandProblem(
            f"several people have or want {text[:80]!r}: name one by the id that `thserver people find` shows."
        ) from None


async def _find(inside: Inside, given: argparse.Namespace) -> int:
    found = await inside.services.people_desk.find(given.text)
    if not found.people:
        raise CommandProblem(f"nobody is called {given.text[:80]!r}.")
    if given.unmasked:
        await _record(inside, found.people)
    inside.output.json([_facts(person, given.unmasked) for person in found.people])
    inside.output.rows(
        ("id", "name", "number", "e-mail", "username", "since", ""),
        [
            (
                person.id,
                person.full_name,
                _number(person.phone, given.unmasked),
                person.mail_address or "",
                person.username or "",
                moment(person.created)[:10],
                _flags(person),
            )
            for person in found.people
        ],
    )
    if found.more:
        inside.output.say("(there are more: say more of the name)")
    return 0


async def _show(inside: Inside, given: argparse.Namespace) -> int:
    person = await person_named(inside, given.text)
    if given.unmasked:
        await _record(inside, [person])
    about = await inside.services.people_desk.about(person.id)
    inside.output.json(_facts(person, given.unmasked) | _more(about))
    inside.output.facts(
        {
            name: moment(value) if hasattr(value, "tzinfo") else value
            for name, value in {**_facts(person, given.unmasked), **_worded(about)}.items()
            if value not in (None, "")
        }
    )
    return 0


async def _record(inside: Inside, people: list[Person]) -> None:
    for person in people:
        async with inside.services.staff_actions.recorded(
            actor=inside.actor, action="see number", subject=f"person {person.id}"
        ):
            pass


def _number(phone: str | None, unmasked: bool) -> str:
    if phone is None:
        return ""
    return shown(phone) if unmasked else masked(phone)


def _flags(person: Person) -> str:
    flags = {
        "closed": person.closed is not None,
        "no account": person.guest_email is not None,
        "hidden": not person.is_active and person.closed is None,
        "staff": person.is_staff,
        "mentor": person.is_mentor,
        "mentee": person.is_mentee,
    }
    return ", ".join(flag for flag, is_on in flags.items() if is_on)


def _facts(person: Person, unmasked: bool) -> dict[str, Any]:
    return {
        "id": person.id,
        "uuid": person.uuid,
        "name": person.full_name,
        "number": _number(person.phone, unmasked) or None,
        "number to prove": _number(person.phone_pending, unmasked) or None,
        "e-mail": person.mail_address,
        "e-mail proven": person.email_verified,
        "e-mail to prove": person.email_pending,
        "username": person.username,
        "zone": person.timezone,
        "room": person.slug,
        "is": _flags(person) or None,
        "since": person.created,
        "closed": person.closed,
    }


def _more(about: About) -> dict[str, Any]:
    return {
        "hero": about.hero.id if about.hero else None,
        "credits": about.credits.free if about.credits else None,
        "credits held": len(about.credits.holds) if about.credits else None,
        "card": about.has_card,
        "owes_in_cents": about.due_in_cents,
        "is_owed_in_cents": about.owed_in_cents,
    }


def _worded(about: About) -> dict[str, Any]:
    more = _more(about)
    if about.hero:
        more["hero"] = (
            f"{about.hero.id}: {about.hero.title} ({'listed' if about.hero.listed else 'not listed'})"
        )
    more["owes"] = dollars(more.pop("owes_in_cents"))
    more["is owed"] = dollars(more.pop("is_owed_in_cents"))
    return more
