"""Heroes of contract heroes, route by route as documented, and what clients may send instead."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from handlers.heroes import response_bodies
from store.database import Database
from tests.clients.heroes import APPLICATION, HERO_DETAIL, HERO_PROFILE, LISTED_HERO, HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import OFFER, make_hero, make_person, make_staff, token_of
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services


async def client_of(api: Api, services: Services, person: Person) -> HeroesClient:
    return HeroesClient(api, await token_of(services, person))


@pytest.fixture
def anyone(api: Api, services: Services) -> HeroesClient:
    return HeroesClient(api)


async def test_apply_to_be_hero(api: Api, services: Services, mail: SimulatedMail) -> None:
    staff = [await make_staff(services, email=f"staff{n}@example.com") for n in range(2)]
    tom = await make_person(services, first_name="Tom", last_name="Brady")
    client = await client_of(api, services, tom)
    answer = await client("POST", "/heroes/apply", OFFER, expect=201)
    assert list(answer.body) == APPLICATION
    assert answer.body["id"] == 1
    assert answer.body["user"]["id"] == tom.uuid
    assert answer.body["slug"] == "tom-brady"
    assert answer.body["accepted"] is False
    assert {name: answer.body[name] for name in OFFER} == OFFER
    await services.background.idle()
    for member in staff:
        letter = mail.letters_to(member.email or "")[-1]
        assert letter["subject"] == "Tom Brady applies to be a hero"
        assert "https://www.techheroes.xyz/staff/heroes/1" in letter["text"]
        assert "https://www.techheroes.xyz/staff/heroes/1" in letter["html"]
        assert "$1.00 a minute" in letter["text"]


async def test_who_has_applied_can_not_apply_again(api: Api, services: Services) -> None:
    client = await client_of(api, services, await make_person(services))
    answers = await asyncio.gather(*(client("POST", "/heroes/apply", OFFER, expect=None) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201, *[409] * 9]
    await client("POST", "/heroes/apply", OFFER, expect=409)


async def test_who_has_not_proven_email_and_phone_can_not_apply(api: Api, services: Services) -> None:
    client = await client_of(api, services, await make_person(services, verified=False))
    answer = await client("POST", "/heroes/apply", OFFER, expect=403)
    assert list(answer.body) == ["detail"]
    verified = await client_of(api, services, await make_person(services))
    await verified("PATCH", "/accounts/profile", {"phone": "2025550199"})
    await verified("POST", "/heroes/apply", OFFER, expect=403)


async def test_namesakes_get_slugs_of_their_own_which_never_change(api: Api, services: Services) -> None:
    people = [await make_person(services, first_name="Tom", last_name="Brady") for _ in range(3)]
    heroes = await asyncio.gather(*(make_hero(services, person) for person in people))
    assert sorted(hero.slug for hero in heroes) == ["tom-brady", "tom-brady-2", "tom-brady-3"]
    client = await client_of(api, services, people[0])
    await client("PATCH", "/accounts/profile", {"first_name": "Thomas"})
    answer = await client("GET", "/heroes/profile")
    assert answer.body["user"]["first_name"] == "Thomas"
    assert answer.body["slug"] == heroes[0].slug


BAD = [
    *((field, value) for field in OFFER for value in (None, [1], {"$gt": ""}, True)),
    *((field, "nul\x00") for field in OFFER),
    *((field, "") for field in OFFER),
    *((field, "x" * 2001) for field in OFFER),
    ("discipline", "XX"),
    ("discipline", "be"),
    ("short_bio", "x" * 200),
    ("years_of_exp", 0),
    ("years_of_exp", -1),
    ("years_of_exp", 1.5),
    ("years_of_exp", 2**63),
    ("rate_in_cents", -1),
    ("rate_in_cents", 0.1),
    ("rate_in_cents", 2**31),
    ("rate_in_cents", "1e3"),
    ("linkedin_url", "javascript:alert(1)"),
    ("linkedin_url", "no url"),
]


async def test_an_offer_takes_only_what_fits(api: Api, services: Services, database: Database) -> None:
    client = await client_of(api, services, await make_person(services))
    for field, value in BAD:
        answer = await client("POST", "/heroes/apply", {**OFFER, field: value}, expect=400)
        assert list(answer.body) == [field], (field, value)
    answer = await client("POST", "/heroes/apply", {}, expect=400)
    assert sorted(answer.body) == sorted(OFFER)
    assert await database.heroes._collection.count_documents({}) == 0
    longest = {**OFFER, "short_bio": "x" * 199, "discipline": "UX", "rate_in_cents": 0, "years_of_exp": 1}
    await client("POST", "/heroes/apply", longest, expect=201)
    for field, value in BAD:
        answer = await client("PATCH", "/heroes/profile", {field: value}, expect=400)
        assert list(answer.body) == [field], (field, value)
    body = (await client("GET", "/heroes/profile")).body
    assert {name: body[name] for name in longest} == longest


async def test_get_hero_profile(api: Api, services: Services) -> None:
    person = await make_person(services)
    client = await client_of(api, services, person)
    await client("GET", "/heroes/profile", expect=404)
    await client("PATCH", "/heroes/profile", {"active": False}, expect=404)
    await make_hero(services, person, accepted=False)
    answer = await client("GET", "/heroes/profile")
    assert list(answer.body) == HERO_PROFILE
    assert answer.body["user"] == (await client("GET", "/accounts/profile")).body
    assert (answer.body["accepted"], answer.body["active"]) == (False, True)


async def test_update_hero_profile(api: Api, services: Services, clock: FakeClock) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    client = await client_of(api, services, person)
    clock.advance(hours=1)
    changes = {
        "discipline": "FE",
        "title": "Set up a ReactJS sight",
        "description": "This a further description of how I can help you with ReactJS",
        "short_bio": "This is short summary of myself",
        "years_of_exp": 1,
        "rate_in_cents": 0,
        "linkedin_url": "http://www.django-rest-framework.org",
        "active": False,
    }
    answer = await client("PATCH", "/heroes/profile", changes)
    assert list(answer.body) == HERO_PROFILE
    assert {name: answer.body[name] for name in changes} == changes
    assert answer.body["updated"] == "2026-03-02T16:00:00.000000Z"
    assert answer.body["created"] == "2026-03-02T15:00:00.000000Z"
    answer = await client("PATCH", "/heroes/profile", {"position": "CTO", "company": "Tesla"})
    assert (answer.body["position"], answer.body["company"]) == ("CTO", "Tesla")


async def test_nobody_accepts_himself(api: Api, services: Services, database: Database) -> None:
    person = await make_person(services)
    client = await client_of(api, services, person)
    forbidden = {"accepted": True, "listed": True, "slug": "x", "id": 7, "person_id": 7, "decided": True}
    answer = await client("POST", "/heroes/apply", {**OFFER, **forbidden, "active": False}, expect=201)
    answer = await client("PATCH", "/heroes/profile", forbidden)
    assert (answer.body["accepted"], answer.body["active"]) == (False, True)
    assert (answer.body["slug"], answer.body["id"]) == ("cam-newton", 1)
    await client("POST", "/heroes/accept", {"hero_id": 1}, expect=403)
    await client("POST", "/heroes/decline", {"hero_id": 1}, expect=403)
    stored = await database.heroes._collection.find_one({"_id": 1})
    assert stored is not None
    assert not stored["listed"]


async def test_accept_and_decline_hero(api: Api, services: Services, mail: SimulatedMail) -> None:
    tom = await make_person(services, first_name="Tom", last_name="Brady", email="tom@example.com")
    hero = await make_hero(services, tom, accepted=False)
    staff = await make_staff(services)
    client = await client_of(api, services, staff)
    answer = await client("POST", "/heroes/accept", {"hero_id": hero.id})
    assert answer.body == {
        "user": staff.uuid,
        "hero": hero.id,
        "accepted": True,
        "timestamp": "2026-03-02T15:00:00.000000Z",
    }
    assert list(answer.body) == ["user", "hero", "accepted", "timestamp"]
    # By the UUID of the hero's user too, and twice is once.
    await client("POST", "/heroes/accept", {"hero_id": tom.uuid})
    await services.background.idle()
    subjects = [letter["subject"] for letter in mail.letters_to("tom@example.com")]
    assert subjects.count("You are a hero") == 1
    assert "https://www.techheroes.xyz/heroes/tom-brady" in mail.letters_to("tom@example.com")[-1]["text"]
    answer = await client("POST", "/heroes/decline", {"hero_id": str(hero.id)})
    assert (answer.body["hero"], answer.body["accepted"]) == (hero.id, False)
    await client("POST", "/heroes/decline", {"hero_id": hero.id})
    await services.background.idle()
    subjects = [letter["subject"] for letter in mail.letters_to("tom@example.com")]
    assert subjects.count("About your application to be a hero") == 1
    assert (await client("GET", "/heroes/")).body["count"] == 0


@pytest.mark.parametrize(
    "hero_id",
    [
        99,
        0,
        -1,
        2**63,
        "99",
        "nobody",
        "",
        None,
        True,
        1.5,
        [1],
        {"$gt": 0},
        "e4c90656-becd-420d-986e-1764649bf753",
    ],
)
async def test_an_unknown_hero_is_named_as_a_wrong_field(api: Api, services: Services, hero_id: Any) -> None:
    await make_hero(services, accepted=False)
    client = await client_of(api, services, await make_staff(services))
    for path in ("/heroes/accept", "/heroes/decline"):
        answer = await client("POST", path, {"hero_id": hero_id}, expect=400)
        assert list(answer.body) == ["hero_id"]


async def test_get_hero_list(anyone: HeroesClient, services: Services) -> None:
    for n in range(2):
        await make_hero(services, rate_in_cents=100 + n)
    await make_hero(services, accepted=False)
    answer = await anyone("GET", "/heroes/")
    assert answer.body["count"] == 2
    assert (answer.body["next"], answer.body["previous"]) == (None, None)
    for hero in answer.body["results"]:
        assert list(hero) == LISTED_HERO
    assert [hero["rate_in_cents"] for hero in answer.body["results"]] == [100, 101]


async def test_a_list_comes_in_pages(anyone: HeroesClient, services: Services) -> None:
    for _ in range(5):
        await make_hero(services)
    seen: list[int] = []
    link = "/api/v1/heroes?page_size=2&ordering=-created"
    pages = 0
    while link:
        answer = await anyone.api("GET", link)
        assert answer.status == 200
        assert answer.body["count"] == 5
        seen += [hero["id"] for hero in answer.body["results"]]
        link = (answer.body["next"] or "").removeprefix(anyone.api.base_url)
        pages += 1
    assert (pages, seen) == (3, [5, 4, 3, 2, 1])
    answer = await anyone("GET", "/heroes/?page=2&page_size=2")
    assert "page=1" in answer.body["previous"]
    assert "page=3" in answer.body["next"]
    answer = await anyone("GET", "/heroes/?page=2&page_size=4")
    assert (answer.body["next"], len(answer.body["results"])) == (None, 1)
    await anyone("GET", "/heroes/?page=4&page_size=2", expect=404)
    assert (await anyone("GET", "/heroes/?page_size=5")).body["next"] is None


@pytest.mark.parametrize(
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
async def test_a_wrong_query_names_its_field(anyone: HeroesClient, query: str, field: str) -> None:
    answer = await anyone("GET", f"/heroes/?{query}", expect=400)
    assert list(answer.body) == [field]


async def test_a_list_can_be_filtered_and_ordered(anyone: HeroesClient, services: Services) -> None:
    await make_hero(services, discipline="FE", rate_in_cents=300, years_of_exp=1, company="Acme (100%)")
    await make_hero(services, discipline="BE", rate_in_cents=100, years_of_exp=9, title="Learn Rust")
    await make_hero(services, discipline="BE", rate_in_cents=200, years_of_exp=5, position="CTO")
    await make_hero(services, await make_person(services, first_name="Ada", last_name="Lovelace"))

    async def ids(query: str) -> list[int]:
        answer = await anyone("GET", f"/heroes/?{query}")
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
    api: Api, anyone: HeroesClient, services: Services
) -> None:
    person = await make_person(services)
    await make_hero(services, person)
    client = await client_of(api, services, person)
    for path in ("/accounts/profile", "/heroes/profile"):
        field = "is_active" if path.startswith("/accounts") else "active"
        await client("PATCH", path, {field: False})
        assert (await anyone("GET", "/heroes/")).body["count"] == 0
        await client("PATCH", path, {field: True})
        assert (await anyone("GET", "/heroes/")).body["count"] == 1


async def test_a_page_of_heroes_takes_one_question_about_people(
    anyone: HeroesClient, services: Services, monkeypatch: pytest.MonkeyPatch
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
    await anyone("GET", "/heroes/?page_size=100")
    assert asked == ["heroes.find", "people.find"]
    asked.clear()
    await anyone("GET", "/heroes/")
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


async def test_get_hero_detail(anyone: HeroesClient, services: Services) -> None:
    person = await make_person(services)
    hero = await make_hero(services, person)
    for reference in (hero.id, person.uuid, person.uuid.upper()):
        for slash in ("", "/"):
            answer = await anyone("GET", f"/heroes/{reference}{slash}")
            assert list(answer.body) == HERO_DETAIL
            assert answer.body["id"] == hero.id


async def test_a_hero_who_is_not_listed_is_seen_by_himself_and_staff_only(
    api: Api, anyone: HeroesClient, services: Services
) -> None:
    person = await make_person(services)
    hero = await make_hero(services, person, accepted=False)
    himself = await client_of(api, services, person)
    staff = await client_of(api, services, await make_staff(services))
    other = await client_of(api, services, await make_person(services))
    path = f"/heroes/{hero.id}"

    async def hidden() -> None:
        for stranger in (anyone, other, HeroesClient(api, "no token of ours")):
            answer = await stranger("GET", path, expect=404)
            assert answer.body == {"detail": "Not found."}
        for insider in (himself, staff):
            await insider("GET", path)

    await hidden()
    await staff("POST", "/heroes/accept", {"hero_id": hero.id})
    await anyone("GET", path)
    await himself("PATCH", "/heroes/profile", {"active": False})
    await hidden()
    await himself("PATCH", "/heroes/profile", {"active": True})
    await himself("PATCH", "/accounts/profile", {"is_active": False})
    await hidden()


@pytest.mark.parametrize(
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
    anyone: HeroesClient, services: Services, hero_id: str
) -> None:
    await make_hero(services)
    answer = await anyone("GET", f"/heroes/{hero_id.replace('١', '%D9%A1')}", expect=None)
    assert answer.status in (400, 404)
    if answer.status == 404:
        assert answer.body == {"detail": "Not found."}


async def test_wrong_methods_are_told_so(anyone: HeroesClient) -> None:
    for method, path in (
        ("GET", "/heroes/apply"),
        ("DELETE", "/heroes/"),
        ("POST", "/heroes/profile"),
        ("GET", "/accounts/login"),
        ("GET", "/accounts/phone-token"),
        ("POST", "/accounts/logout"),
    ):
        answer = await anyone(method, path, expect=405)
        assert answer.body == {"detail": f'Method "{method}" not allowed.'}
    assert (await anyone.api("HEAD", "/api/v1/heroes/")).status == 200
