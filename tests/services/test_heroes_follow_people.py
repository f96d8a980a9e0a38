"""What a hero shows of his person follows it, whatever happens in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from store.database import Database
from tests.account_makers import ADDRESS, again
from tests.fakes.clock import FakeClock
from tests.makers import OFFER, make_hero, make_person
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

# The simulated carrier reports on its texts to a server that answers.
pytestmark = pytest.mark.usefixtures("http_server")


async def test_a_hero_follows_his_persons_name_and_activity(services: Services, database: Database) -> None:
    person = await make_person(services)
    hero = await make_hero(services, person)
    changes = {"first_name": "Tom", "last_name": "Brady", "is_active": False}
    person = await services.people.change_profile(person, changes, address=ADDRESS)
    hero = await services.heroes.of_person(person.id)
    assert (hero.name, hero.person_active, hero.listed) == ("Tom Brady", False, False)
    await services.people.change_profile(person, {"is_active": True}, address=ADDRESS)
    assert (await services.heroes.of_person(person.id)).listed
    assert (await services.heroes.listed())[0] == 1


async def test_of_many_changes_at_once_the_hero_follows_the_last(services: Services) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    await asyncio.gather(
        *(
            services.people.change_profile(
                person, {"is_active": bool(n % 2), "first_name": f"Tom{n}"}, address=ADDRESS
            )
            for n in range(20)
        )
    )
    person = await again(services, person)
    hero = await services.heroes.of_person(person.id)
    assert (hero.name, hero.person_active) == (person.full_name, person.is_active)
    assert await services.heroes.catch_up() == 0


async def test_a_change_in_the_middle_of_another_is_not_lost_on_the_hero(
    services: Services, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    follow = database.heroes.follow_person
    interfered: list[int] = []

    async def interrupted(*args: Any, **kwargs: Any) -> None:
        if not interfered:
            interfered.append(True)
            await database.people.change(person.id, {"first_name": "Tom", "hero_outdated": clock.now()})
        await follow(*args, **kwargs)

    monkeypatch.setattr(database.heroes, "follow_person", interrupted)
    await services.people.change_profile(person, {"first_name": "Ann"}, address=ADDRESS)
    assert (await services.heroes.of_person(person.id)).name == "Tom Newton"


async def test_a_hero_who_was_left_behind_by_a_crash_is_caught_up(
    services: Services, database: Database, clock: FakeClock
) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    # What a process leaves that dies between the two updates.
    await database.people.change(person.id, {"is_active": False, "hero_outdated": clock.now()})
    # The list shows the truth already.
    assert (await services.heroes.listed())[1] == []
    await services.background.idle()
    await database.people.change(person.id, {"first_name": "Tom", "hero_outdated": clock.now()})
    clock.advance(seconds=31)
    assert await services.heroes.catch_up() == 1
    hero = await services.heroes.of_person(person.id)
    assert (hero.name, hero.person_active) == ("Tom Newton", False)
    assert await services.heroes.catch_up() == 0


async def test_letters_about_a_hero_survive_a_crash_and_go_out_once(
    services: Services,
    database: Database,
    mail: SimulatedMail,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = await make_person(services, email="staff@example.com")
    await services.people.make_staff("staff@example.com")
    monkeypatch.setattr(services.heroes, "_tell_soon", lambda *nothing: None)
    person = await make_person(services)
    hero = await services.heroes.apply(person, OFFER)
    await services.background.idle()
    before = len(mail.letters_to("staff@example.com"))
    clock.advance(seconds=31)
    assert await services.heroes.catch_up() == 1
    assert await services.heroes.catch_up() == 0
    await services.background.idle()
    letters = mail.letters_to("staff@example.com")
    assert len(letters) == before + 1
    assert f"/staff/heroes/{hero.id}" in letters[-1]["text"]
    assert staff.id != person.id
