"""Closing one's account over contract gatherings: what goes, what stays, and who finishes what broke off."""

from __future__ import annotations

import asyncio

import pytest

from store.database import Database
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join
from tests.makers import make_hero, make_person
from tests.pictures import picture
from thserver import kill_points
from thserver.services.all import Services


async def test_delete_own_account(join: Join, api: Api, services: Services, database: Database) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    url = (await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", picture())])).body["avatar"]
    await ann("PUT", "/contacts/", {"names": ["B", "C"], "phones": [bob.phone, "+12025550142"]})
    await bob("PUT", "/contacts/", {"names": ["A"], "phones": [ann.phone]})
    await ann("PUT", "/blacklist/", {"user": bob.id})
    await bob("PUT", "/blacklist/", {"user": ann.id})

    answer = await ann("DELETE", "/account/", expect=204)
    assert answer.raw == b""
    assert (await ann("GET", "/account/", expect=401)).body == {"detail": "Invalid token."}
    assert (await bob("GET", f"/users/{ann.id}", expect=404)).body == {"detail": "Not found."}
    assert (await bob("GET", f"/users/?users={ann.id}")).body == []
    assert (await bob("GET", "/contacts/")).body == []
    assert (await bob("GET", "/blacklist/")).body == []
    await bob("PUT", "/blacklist/", {"user": ann.id}, expect=400)
    assert (await api("GET", url.removeprefix(api.base_url))).status == 404
    for collection in (database.contacts, database.blacklist, database.media_files, database.media_chunks):
        assert await collection._collection.count_documents({}) == 0


async def test_of_a_deleted_account_a_nameless_placeholder_stays(
    join: Join, services: Services, database: Database
) -> None:
    ann = await join("Ann", verified=True)
    hero = await make_hero(services, ann.person)
    await ann("DELETE", "/account/", expect=204)
    left = await database.people._collection.find_one({"_id": ann.id})
    assert left is not None
    assert set(left) == {
        "_id",
        "uuid",
        "created",
        "updated",
        "closed",
        "is_active",
        "hidden_phone",
        "first_name",
        "last_name",
    }
    assert (left["uuid"], left["first_name"], left["last_name"]) == (ann.person.uuid, "Deleted", "user")
    kept = await database.heroes.get(hero.id)
    assert kept is not None
    assert (kept.name, kept.short_bio, kept.listed) == ("Deleted user", "", False)
    text = repr([document async for document in database.people._collection.find()])
    assert ann.phone not in text
    assert "Ann" not in text


async def test_number_and_address_are_free_for_a_new_account(join: Join, services: Services) -> None:
    ann = await join("Ann", phone="+12025550155", email="ann@example.com")
    await ann("DELETE", "/account/", expect=204)
    again = await make_person(services, verified=False, phone="+12025550155", email="ann@example.com")
    assert again.id != ann.id


async def test_deleting_twice_at_once_is_once(join: Join) -> None:
    ann = await join()
    answers = await asyncio.gather(*(ann("DELETE", "/account/", expect=None) for _ in range(5)))
    assert {answer.status for answer in answers} <= {204, 401}
    assert 204 in {answer.status for answer in answers}


async def test_a_sign_in_that_was_under_way_opens_nothing(join: Join, services: Services) -> None:
    ann = await join()
    await ann("DELETE", "/account/", expect=204)
    answer = await ann("PATCH", "/account/", {"name": "Zombie"}, expect=401)
    assert answer.body == {"detail": "Invalid token."}


async def test_a_closing_that_broke_off_is_finished_by_the_sweep(
    join: Join, services: Services, database: Database, clock: FakeClock
) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    await bob("PUT", "/contacts/", {"names": ["A"], "phones": [ann.phone]})
    await ann("PUT", "/contacts/", {"names": ["B"], "phones": [bob.phone]})
    # The process dies after the first step.
    await database.closings.begin(ann.id, now=clock.now())
    assert await services.closing.finish_left_over() == 0
    clock.advance(minutes=1)
    assert await services.closing.finish_left_over() == 1
    assert await services.closing.finish_left_over() == 0
    assert await database.contacts._collection.count_documents({}) == 0
    left = await database.people.get(ann.id)
    assert left is not None
    assert left.full_name == "Deleted user"


class Crash(Exception):
    """The process dies here."""


@pytest.mark.parametrize("point", sorted(name for name in kill_points.POINTS if name.startswith("closing.")))
async def test_a_process_that_dies_while_closing_leaves_nothing_that_the_sweep_does_not_find(
    join: Join,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    await ann("PATCH", "/account/", parts=[("avatar", "me.jpg", picture())])
    await ann("PUT", "/contacts/", {"names": ["B"], "phones": [bob.phone]})
    await bob("PUT", "/contacts/", {"names": ["A"], "phones": [ann.phone]})
    await bob("PUT", "/blacklist/", {"user": ann.id})

    def reached(name: str) -> None:
        if name == point:
            raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(kill_points, "reached", reached)
        with pytest.raises(Crash):
            await services.closing.close(ann.person)
    # Closed for her and for everybody else, whatever is left to be cleared away.
    await ann("GET", "/account/", expect=401)
    await bob("GET", f"/users/{ann.id}", expect=404)
    assert (await bob("GET", "/contacts/")).body == []
    clock.advance(minutes=1)
    assert await services.closing.finish_left_over() == 1
    for collection in (database.contacts, database.blacklist, database.media_files, database.media_chunks):
        assert await collection._collection.count_documents({}) == 0
    left = await database.people.get(ann.id)
    assert left is not None
    assert left.full_name == "Deleted user"


async def test_a_contact_made_after_the_closing_stays(
    join: Join, services: Services, database: Database, clock: FakeClock
) -> None:
    ann, bob = await join("Ann"), await join("Bob")
    await database.closings.begin(ann.id, now=clock.now())
    clock.advance(minutes=1)
    await bob("PUT", "/contacts/", {"names": ["New A"], "phones": [ann.phone]})
    await services.closing.finish_left_over()
    assert await database.contacts.phones_of(bob.id) == [ann.phone]


async def test_closing_steps_of_others_are_taken_before_bookings_end(join: Join, services: Services) -> None:
    ann = await join()
    taken: list[int] = []

    async def step(person_id: int) -> None:
        taken.append(person_id)

    services.closing.also(step)
    await ann("DELETE", "/account/", expect=204)
    assert taken == [ann.id]
