"""`thserver people` and `thserver staff`: found by anything, numbers masked unless that is recorded."""

from __future__ import annotations

import json

import pytest

from store.database import Database
from tests.commands.conftest import Command
from tests.makers import make_hero, make_person, make_staff
from thserver.services.all import Services

NUMBER = "+13125550123"


async def test_somebody_is_found_by_number_address_id_and_name(services: Services, command: Command) -> None:
    ann = await make_person(
        services, first_name="Ann", last_name="van der Lee", email="ann@lee.example", phone=NUMBER
    )
    await make_person(services, first_name="Bob", last_name="Stone")
    for text in (NUMBER, "(312) 555-0123", "Ann@Lee.example", str(ann.id), ann.uuid, "lee ann", "VAN"):
        code, out, _ = await command("people", "find", text)
        assert code == 0, text
        assert out.splitlines()[0].split("\t")[:3] == ["id", "name", "number"]
        assert [line.split("\t")[:3] for line in out.splitlines()[1:]] == [
            [str(ann.id), "Ann van der Lee", "xxx-xxx-0123"]
        ]


@pytest.mark.parametrize("text", ["nobody", "", ".*", "99999999999999999999999", "+1", "a@b", "\x1b[2J"])
async def test_whoever_is_not_there_is_one_sentence(services: Services, command: Command, text: str) -> None:
    await make_person(services)
    code, out, err = await command("people", "find", text)
    assert (code, out) == (1, "")
    assert (err.count("\n"), err.startswith("thserver: nobody is called")) == (1, True)
    code, _, err = await command("people", "show", text)
    assert (code, err.count("\n"), "\x1b" in err) == (1, 1, False)


async def test_a_number_that_several_want_names_nobody_for_sure(
    services: Services, database: Database, command: Command
) -> None:
    for _ in range(2):
        person = await make_person(services)
        await database.people.change(person.id, {"phone_pending": NUMBER})
    assert len((await command("people", "find", NUMBER)).out.splitlines()) == 3
    code, _, err = await command("export", NUMBER, "-o", "x.zip")
    assert (code, "several people have or want" in err) == (1, True)


async def test_a_whole_number_is_shown_only_where_that_is_written_down(
    services: Services, command: Command
) -> None:
    person = await make_person(services, phone=NUMBER)
    for words in (("find", NUMBER), ("show", str(person.id))):
        assert "312-555-0123" not in (await command("people", *words)).out
        assert "312-555-0123" not in (await command("people", *words, "--json")).out
    assert (await services.staff_actions.page()).actions == []
    assert "+1 312-555-0123" in (await command("people", "show", str(person.id), "--unmasked")).out
    (action,) = (await services.staff_actions.page()).actions
    assert (action.action, action.subject, action.state) == ("see number", f"person {person.id}", "done")
    assert action.actor.name.startswith("command line")


async def test_everything_about_somebody_is_shown_for_people_and_for_scripts(
    services: Services, command: Command
) -> None:
    hero = await make_hero(services)
    out = (await command("people", "show", str(hero.person_id))).out
    assert f"hero\t{hero.id}: {hero.title} (listed)\n" in out
    assert "is owed\t$0.00\n" in out
    shown = json.loads((await command("people", "show", str(hero.person_id), "--json")).out)
    assert (shown["id"], shown["hero"], shown["room"]) == (hero.person_id, hero.id, "tom-brady")


async def test_staff_are_made_listed_and_made_staff_no_more(
    services: Services, database: Database, command: Command
) -> None:
    grace = await make_staff(services, first_name="Grace", last_name="Hopper")
    ann = await make_person(services, email="ann@example.com")
    assert (await command("staff", "add", "ANN@example.com")).out == "ann@example.com is staff now.\n"
    assert (await command("staff", "add", str(ann.id))).out == "ann@example.com is staff already.\n"
    assert [row["id"] for row in json.loads((await command("staff", "list", "--json")).out)] == [
        grace.id,
        ann.id,
    ]
    assert (await command("staff", "remove", "ann@example.com")).code == 0
    assert [person.id for person in await database.people.all_staff()] == [grace.id]
    actions = (await services.staff_actions.page()).actions
    assert [action.action for action in actions] == ["end being staff", "make staff"]


@pytest.mark.parametrize("words", [(), ("find",), ("find", "a", "b"), ("lose", "a")])
async def test_what_is_no_command_is_refused_with_how_it_goes(
    command: Command, words: tuple[str, ...]
) -> None:
    code, _, err = await command("people", *words)
    assert code == 2
    assert "usage: thserver" in err
    assert "Traceback" not in err
