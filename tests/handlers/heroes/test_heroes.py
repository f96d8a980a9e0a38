"""Becoming a hero over contract heroes: the offer, and how staff decide about it."""

from __future__ import annotations

import asyncio
from typing import Any

from store.database import Database
from tests.cases import each_case
from tests.clients.heroes import APPLICATION, HERO_PROFILE, HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.heroes.hero_clients import client_of
from tests.makers import OFFER, make_hero, make_person, make_staff
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services


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


@each_case(
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


async def test_wrong_methods_are_told_so(client: HeroesClient) -> None:
    for method, path in (
        ("GET", "/heroes/apply"),
        ("DELETE", "/heroes/"),
        ("POST", "/heroes/profile"),
        ("GET", "/accounts/login"),
        ("GET", "/accounts/phone-token"),
        ("POST", "/accounts/logout"),
    ):
        answer = await client(method, path, expect=405)
        assert answer.body == {"detail": f'Method "{method}" not allowed.'}
    assert (await client.api("HEAD", "/api/v1/heroes/")).status == 200
