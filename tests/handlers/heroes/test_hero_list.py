"""Heroes as anybody sees them over contract heroes: page by page, filtered and ordered, and one by one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from handlers.heroes import response_bodies
from tests.cases import each_case
from tests.clients.heroes import HERO_DETAIL, LISTED_HERO, HeroesClient
from tests.clients.http import Api
from tests.handlers.heroes.hero_clients import client_of
from tests.makers import OFFER, make_hero, make_person, make_staff
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.services.all import Services


async def test_get_hero_list(client: HeroesClient, services: Services) -> None:
    for n in range(2):
        await make_hero(services, rate_in_cents=100 + n)
    await make_hero(services, accepted=False)
    answer = await client("GET", "/heroes/")
    assert answer.body["count"] == 2
    assert (answer.body["next"], answer.body["previous"]) == (None, None)
    for hero in answer.body["results"]:
        assert list(hero) == LISTED_HERO
    assert [hero["rate_in_cents"] for hero in answer.body["results"]] == [100, 101]


async def test_a_list_comes_in_pages(client: HeroesClient, services: Services) -> None:
    for _ in range(5):
        await make_hero(services)
    seen: list[int] = []
    link = "/api/v1/heroes?page_size=2&ordering=-created"
    pages = 0
    while link:
        answer = await client.api("GET", link)
        assert answer.status == 200
        assert answer.body["count"] == 5
        seen += [hero["id"] for hero in answer.body["results"]]
        link = (answer.body["next"] or "").removeprefix(client.api.base_url)
        pages += 1
    assert (pages, seen) == (3, [5, 4, 3, 2, 1])
    answer = await client("GET", "/heroes/?page=2&page_size=2")
    assert "page=1" in answer.body["previous"]
    assert "page=3" in answer.body["next"]
    answer = await client("GET", "/heroes/?page=2&page_size=4")
    assert (answer.body["next"], len(answer.body["results"])) == (None, 1)
    await client("GET", "/heroes/?page=4&page_size=2", expect=404)
    assert (await client("GET", "/heroes/?page_size=5")).body["next"] is None


@each_case(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=abc", "page"),
        ("page=1000000000", "page"),
        ("page=99999999999999999999999", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=1e9", "page_size"),
        ("discipline=XX", "discipline"),
        ("max_rate_in_cents=cheap", "max_rate_in_cents"),
        ("max_rate_in_cents=-1", "max_rate_in_cents"),
        ("ordering=person_id", "ordering"),
        ("ordering=$where", "ordering"),
        ("search=%00", "search"),
        ("search=" + "x" * 201, "search"),
    ],
)
async def test_a_wrong_query_names_its_field(client: HeroesClient, query: str, field: str) -> None:
    answer = await client("GET", f"/heroes/?{query}", expect=400)
    assert list(answer.body) == [field]


async def test_a_list_can_be_filtered_and_ordered(client: HeroesClient, services: Services) -> None:
    await make_hero(services, discipline="FE", rate_in_cents=300, years_of_exp=1, company="Acme (100%)")
    await make_hero(services, discipline="BE", rate_in_cents=100, years_of_exp=9, title="Learn Rust")
    await make_hero(services, discipline="BE", rate_in_cents=200, years_of_exp=5, position="CTO")
    await make_hero(services, await make_person(services, first_name="Ada", last_name="Lovelace"))

    async def ids(query: str) -> list[int]:
        answer = await client("GET", f"/heroes/?{query}")
        assert answer.body["count"] == len(answer.body["results"])
        return [hero["id"] for hero in answer.body["results"]]

    assert await ids("discipline=FE") == [1]
    assert await ids("max_rate_in_cents=200") == [2, 3, 4]
    assert await ids("discipline=BE&max_rate_in_cents=150") == [2, 4]
    assert await ids("search=rust") == [2]
    assert await ids("search=lovelace") == [4]
    assert await ids("search=cto") == [3]
    assert await ids("search=(100%25)") == [1]
    assert await ids("search=.*") == []
    assert await ids("search=&discipline=&ordering=") == [1, 2, 3, 4]
    assert await ids("ordering=rate_in_cents") == [2, 4, 3, 1]
    assert await ids("ordering=-rate_in_cents") == [1, 3, 4, 2]
    assert await ids("ordering=-years_of_exp") == [2, 3, 4, 1]
    assert await ids("ordering=created") == [1, 2, 3, 4]


async def test_who_is_not_active_is_not_in_the_list(
    api: Api, client: HeroesClient, services: Services
) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    client = await client_of(api, services, person)
    for path in ("/accounts/profile", "/heroes/profile"):
        field = "is_active" if path.startswith("/accounts") else "active"
        await client("PATCH", path, {field: False})
        assert (await client("GET", "/heroes/")).body["count"] == 0
        await client("PATCH", path, {field: True})
        assert (await client("GET", "/heroes/")).body["count"] == 1


async def test_a_page_of_heroes_takes_one_question_about_people(
    client: HeroesClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        await make_hero(services)
    await services.background.idle()
    asked: list[str] = []
    for name in ("find", "find_one", "count_documents"):
        original = getattr(AsyncCollection, name)

        def counted(
            self: Any, *args: Any, _original: Any = original, _name: str = name, **kwargs: Any
        ) -> Any:
            if self.name in ("heroes", "people"):
                asked.append(f"{self.name}.{_name}")
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(AsyncCollection, name, counted)
    await client("GET", "/heroes/?page_size=100")
    assert asked == ["heroes.find", "people.find"]
    asked.clear()
    await client("GET", "/heroes/")
    assert asked == ["heroes.find", "heroes.count_documents", "people.find"]


def test_a_hundred_heroes_are_written_down_in_no_time() -> None:
    now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    person = Person(
        id=1, uuid="e4c90656-becd-420d-986e-1764649bf753", first_name="Tom", created=now, updated=now
    )
    hero = Hero(id=1, person_id=1, name="Tom", slug="tom", accepted=True, created=now, updated=now, **OFFER)
    best = 1.0
    for _ in range(20):
        started = time.process_time()
        for _ in range(100):
            response_bodies.listed_hero(hero, person)
        best = min(best, time.process_time() - started)
    assert best < 0.0025


async def test_get_hero_detail(client: HeroesClient, services: Services) -> None:
    person = await make_person(services)
    hero = await make_hero(services, person)
    for reference in (hero.id, person.uuid, person.uuid.upper()):
        for slash in ("", "/"):
            answer = await client("GET", f"/heroes/{reference}{slash}")
            assert list(answer.body) == HERO_DETAIL
            assert answer.body["id"] == hero.id


async def test_a_hero_who_is_not_listed_is_seen_by_himself_and_staff_only(
    api: Api, client: HeroesClient, services: Services
) -> None:
    person = await make_person(services)
    hero = await make_hero(services, person, accepted=False)
    himself = await client_of(api, services, person)
    staff = await client_of(api, services, await make_staff(services))
    other = await client_of(api, services, await make_person(services))
    path = f"/heroes/{hero.id}"

    async def hidden() -> None:
        for stranger in (client, other, HeroesClient(api, "no token of ours")):
            answer = await stranger("GET", path, expect=404)
            assert answer.body == {"detail": "Not found."}
        for insider in (himself, staff):
            await insider("GET", path)

    await hidden()
    await staff("POST", "/heroes/accept", {"hero_id": hero.id})
    await client("GET", path)
    await himself("PATCH", "/heroes/profile", {"active": False})
    await hidden()
    await himself("PATCH", "/heroes/profile", {"active": True})
    await himself("PATCH", "/accounts/profile", {"is_active": False})
    await hidden()


@each_case(
    "hero_id",
    [
        "99",
        "0",
        "-1",
        "99999999999999999999",
        "507f1f77bcf86cd799439011",
        "e4c90656-becd-420d-986e-1764649bf753",
        "nobody",
        "..%2fprofile",
        "%00",
        "%ff",
        "1%00",
        "1%0a",
        "١",
        "x" * 10_000,
    ],
)
async def test_heroes_that_are_not_there_look_alike(
    client: HeroesClient, services: Services, hero_id: str
) -> None:
    await make_hero(services)
    answer = await client("GET", f"/heroes/{hero_id.replace('١', '%D9%A1')}", expect=None)
    assert answer.status in (400, 404)
    if answer.status == 404:
        assert answer.body == {"detail": "Not found."}
