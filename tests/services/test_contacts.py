"""Contacts and the blacklist: bulk, speed, races, limits, and that every question has its index."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from store.database import Database
from tests.makers import make_person
from thserver.domain import contacts as rules
from thserver.domain.errors import Invalid
from thserver.services.all import Services


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"+1{2012000000 + start + each}" for each in range(count)]


async def test_five_thousand_contacts_are_taken_in_under_two_seconds(services: Services) -> None:
    owner = await make_person(services, verified=False)
    here = [await make_person(services, verified=False, phone=phone) for phone in numbers(5)]
    phones = numbers(5000)
    begun = time.perf_counter()
    seen = await services.contacts.add(owner, names=[f"N {each}" for each in phones], phones=phones)
    assert time.perf_counter() - begun < 2
    assert [each.person.id for each in seen] == [person.id for person in here]
    assert [each.phone for each in seen] == numbers(5)


async def test_a_large_import_does_not_hold_up_the_others(services: Services) -> None:
    owner = await make_person(services, verified=False)
    phones = numbers(5000)
    longest = 0.0
    done = False

    async def watch() -> None:
        nonlocal longest
        while not done:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.ensure_future(watch())
    await services.contacts.add(owner, names=phones, phones=phones)
    done = True
    await watching
    assert longest < 0.1


async def test_importing_again_renames_and_adds(services: Services, database: Database) -> None:
    owner = await make_person(services, verified=False)
    await services.contacts.add(owner, names=["a", "b"], phones=numbers(2))
    await services.contacts.add(owner, names=["B", "c"], phones=numbers(2, start=1))
    kept = [
        (found["phone"], found["name"])
        async for found in database.contacts._collection.find({"owner_id": owner.id}).sort("phone")
    ]
    assert kept == list(zip(numbers(3), ["a", "B", "c"], strict=True))


async def test_the_same_import_twenty_times_at_once_is_once(services: Services, database: Database) -> None:
    owner = await make_person(services, verified=False)
    phones = numbers(100)
    await asyncio.gather(*(services.contacts.add(owner, names=phones, phones=phones) for _ in range(20)))
    assert sorted(await database.contacts.phones_of(owner.id)) == phones


async def test_an_address_book_is_bounded(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_KEPT", 3)
    owner = await make_person(services, verified=False)
    await services.contacts.add(owner, names=["a", "b"], phones=numbers(2))
    with pytest.raises(Invalid) as refusal:
        await services.contacts.add(owner, names=["c", "d"], phones=numbers(2, start=10))
    assert refusal.value.problems == {"phones": "too_many"}


async def test_one_number_may_be_in_many_address_books(services: Services) -> None:
    known = await make_person(services, verified=False)
    assert known.phone is not None
    for _ in range(3):
        owner = await make_person(services, verified=False)
        seen = await services.contacts.add(owner, names=["x"], phones=[known.phone])
        assert [each.person.id for each in seen] == [known.id]


async def test_who_changes_his_number_is_a_contact_under_the_new_one(services: Services) -> None:
    owner = await make_person(services, verified=False)
    person = await make_person(services, verified=False)
    assert person.phone is not None
    await services.contacts.add(owner, names=["old", "new"], phones=[person.phone, "+12025550123"])
    await services.closing.close(person)
    again = await make_person(services, verified=False, phone="+12025550123")
    assert [each.person.id for each in await services.contacts.of(owner)] == [again.id]


async def test_the_blacklist_is_kept_once_however_many_add_at_once(
    services: Services, database: Database
) -> None:
    owner, other = await make_person(services, verified=False), await make_person(services, verified=False)
    await asyncio.gather(*(services.blacklist.add(owner, other.id) for _ in range(20)))
    assert await database.blacklist.of(owner.id) == [other.id]
    assert await services.blacklist.blockers(other.id, [owner.id, 999]) == {owner.id}
    assert await services.blacklist.blockers(owner.id, [other.id]) == set()


async def test_seeing_people_takes_the_same_number_of_queries_however_many_they_are(
    services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await make_person(services, verified=False)
    people = [await make_person(services, verified=False) for _ in range(10)]
    await services.background.idle()
    asked: list[str] = []
    for collection in (database.people, database.contacts, database.blacklist):
        driver: Any = collection._collection

        class Counted:
            def __init__(self, driver: Any) -> None:
                self.driver = driver

            def __getattr__(self, name: str) -> Any:
                asked.append(name)
                return getattr(self.driver, name)

        monkeypatch.setattr(collection, "_collection", Counted(driver))
    seen = await services.visibility.seen_by_ids(viewer.id, [person.id for person in people])
    assert len(seen) == 10
    assert asked == ["find"] * 3


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("contacts", {"owner_id": 1}),
        ("contacts", {"owner_id": 1, "phone": {"$in": ["+12025550100", "+12025550101"]}}),
        ("contacts", {"phone": "+12025550100", "created": {"$lte": 1}}),
        ("blacklist", {"owner_id": 1}),
        ("blacklist", {"person_id": 1}),
        ("blacklist", {"person_id": 1, "owner_id": {"$in": [1, 2]}}),
        ("people", {"phone": {"$in": ["+12025550100", "+12025550101"]}}),
        ("people", {"closing.since": {"$lte": 1}}),
        ("people", {"_id": 1, "closing.since": {"$exists": True}}),
        ("media", {"purpose": "avatar", "since": {"$lte": 1}}),
        ("media_files", {"_id": "x", "metadata.owner_id": 1}),
        ("media_chunks", {"files_id": "x"}),
    ],
)
async def test_every_question_has_an_index(
    database: Database, collection: str, query: dict[str, Any]
) -> None:
    plan = await getattr(database, collection)._collection.find(query).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
