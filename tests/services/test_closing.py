"""Closing an account that has open bookings: they are cancelled, and the others are told by whom."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.booking_makers import World, make_accepted_request, make_agreed_booking, make_caller, make_host
from thserver.domain.bookings import State
from thserver.domain.errors import NotFound
from thserver.services.all import Services


@pytest.fixture
def world(services: Services, database: Database) -> World:
    return World(services, database)


async def test_a_hero_who_leaves_cancels_his_calls_and_the_caller_is_told_who_it_was(world: World) -> None:
    services = world.services
    caller = await make_caller(world, first_name="Cam", last_name="Newton")
    host, hero = await make_host(world)
    agreed = await make_agreed_booking(world, caller, hero)
    await services.background.idle()
    assert caller.email is not None
    before = len(services.practice.mail.letters_to(caller.email))

    await services.closing.close(host)
    await services.background.idle()
    booking = await world.database.bookings.get(agreed.id)
    assert booking is not None
    assert booking.state is State.CANCELLED
    letters = services.practice.mail.letters_to(caller.email)[before:]
    assert len(letters) == 1
    assert "Tom Brady" in letters[0]["text"]
    with pytest.raises(NotFound):
        await services.heroes.shown(hero.id, caller)


async def test_a_caller_who_leaves_withdraws_what_he_asked_for(world: World) -> None:
    services = world.services
    caller = await make_caller(world, first_name="Cam", last_name="Newton")
    host, hero = await make_host(world)
    asked = await make_accepted_request(world, caller, hero)
    await services.closing.close(caller)
    await services.background.idle()
    booking = await world.database.bookings.get(asked.id)
    assert booking is not None
    assert booking.state is State.CANCELLED
    assert host.email is not None
    assert "Cam" in services.practice.mail.letters_to(host.email)[-1]["text"]
    # What the host still has of him is nameless.
    parties = await services.bookings.parties([booking])
    assert parties.people[caller.id].full_name == "Deleted user"
