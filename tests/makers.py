"""People and heroes for tests, made through the services as clients make them: `make_person`, `make_hero` …"""

from __future__ import annotations

import itertools
import re
from typing import Any

from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.services.all import Services

PASSWORD = "password1"
OFFER: dict[str, Any] = {
    "discipline": "BE",
    "title": "Set up a production level REST API with Django",
    "description": "This a further description of how I can help you with REST APIs with Django",
    "position": "Backend Engineer",
    "company": "SpaceX",
    "short_bio": "This is short summary of myself",
    "years_of_exp": 3,
    "rate_in_cents": 100,
    "linkedin_url": "http://www.django-rest-framework.org",
}
_numbers = itertools.count(1)


async def make_person(services: Services, *, verified: bool = True, **known: Any) -> Person:
    """Somebody who has registered with a proven phone, and a proven address unless `verified` is False.

    `known` are arguments of `services.people.register`; what is missing is made up. The password is PASSWORD.
    """
    number = next(_numbers)
    who = {
        "first_name": "Cam",
        "last_name": "Newton",
        "email": f"person{number}@example.com",
        "password": PASSWORD,
        "phone": f"+1202{2000000 + number}",
        "timezone": "America/Chicago",
        "contract": "heroes",
        # Everybody at his own address: limits are not what a test that makes people is about.
        "address": f"198.51.100.{number}",
        **known,
    }
    code = await services.people.text_registration_code(who["phone"], address=who["address"])
    assert code is not None
    person, _ = await services.people.register(**who, phone_token=code)
    if not verified:
        return person
    token = await mailed_token(services, who["email"], length=10)
    return await services.people.prove_email(person, token)


async def make_staff(services: Services, **known: Any) -> Person:
    person = await make_person(services, **known)
    assert person.email is not None
    return await services.people.make_staff(person.email)


async def make_hero(
    services: Services, person: Person | None = None, *, accepted: bool = True, **offer: Any
) -> Hero:
    """A hero, listed unless `accepted` is False; of this person, or of a new one."""
    person = person or await make_person(services, first_name="Tom", last_name="Brady")
    hero = await services.heroes.apply(person, {**OFFER, **offer})
    if accepted:
        hero = (await services.heroes.decide(person, hero.id, accepted=True)).hero
    return hero


async def token_of(services: Services, person: Person, contract: str = "heroes") -> str:
    """A sign-in token of this person."""
    return await services.sign_in.give_token(person.id, contract)


async def mailed_token(services: Services, address: str, *, length: int) -> str:
    """The token in the newest letter to this address."""
    await services.background.idle()
    letter = services.practice.mail.letters_to(address)[-1]
    found = re.search(rf"asked for it: ([a-z0-9]{{{length}}})\n", letter["text"])
    assert found, letter["text"]
    return found[1]


def texted_code(services: Services, phone: str) -> str:
    """The code in the newest text to this number."""
    body: str = services.practice.carrier.texts_to(phone)[-1]["body"]
    return body.rpartition("#")[2]
