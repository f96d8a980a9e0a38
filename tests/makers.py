"""People and heroes for tests: `make_person`, `make_hero` … keep at once what the services would have left.

`register_person` and `apply_as_hero` make the same by the way that a client goes, for tests that are about that way;
tests/services/test_makers.py holds the two against each other.
"""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import asdict
from typing import Any

from store.person_documents import to_document
from thserver.domain.errors import AlreadyExists
from thserver.domain.heroes import Hero, check_offer
from thserver.domain.people import Person, slug_of
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
_hashes: dict[str, str] = {}


async def make_person(services: Services, *, verified: bool = True, **known: Any) -> Person:
    """Somebody with a proven phone, and a proven address unless `verified` is False: kept in one write, as
    `register_person` leaves him, but without the text and the letter on the way there.

    `known` are arguments of `services.people.register`; what is missing is made up. The password is PASSWORD.
    """
    return await _keep_phoned(services, _made_up(known), verified=verified)


async def register_person(services: Services, *, verified: bool = True, **known: Any) -> Person:
    """The same, by the way that a client goes: with the code in a text, and the letter that proves his address."""
    who = _made_up(known)
    code = await services.people.text_registration_code(who["phone"], address=who["address"])
    assert code is not None
    person, _ = await services.people.register(**who, phone_token=code)
    if not verified:
        return person
    token = await mailed_token(services, who["email"], length=10)
    return await services.people.prove_email(person, token)


def _made_up(known: dict[str, Any]) -> dict[str, Any]:
    """Everything that a registration takes but the code."""
    number = next(_numbers)
    return {
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


async def keep_person(
    services: Services, *, contract: str, password: str, slug: bool = False, **known: Any
) -> tuple[Person, str]:
    """Somebody of whom `known` is known, with a sign-in token of this contract: in one write. An address that he has
    still to prove has been written to. With a `slug` he has one, as whoever is a host."""
    people = services.people._people
    now = services.clock.now()
    person = Person(
        id=await services.people._numbers.next("people"),
        uuid=str(uuid.uuid4()),
        password_hash=await password_hash(services, password),
        created=now,
        updated=now,
        **known,
    )
    token, kept = services.sign_in.new_token(contract)
    for number in itertools.count(1):
        if slug:
            person.slug = slug_of(person.full_name) + (f"-{number}" if number > 1 else "")
        document = {**to_document(person), "tokens": [asdict(kept)]}
        try:
            await people._guard(people._collection.insert_one(document))
        except AlreadyExists as error:
            if error.field != "slug":
                raise
        else:
            break
    return person, token


async def _keep_phoned(
    services: Services, who: dict[str, Any], *, verified: bool, slug: bool = False
) -> Person:
    """Whoever has registered with his phone's number."""
    known = {name: who[name] for name in ("first_name", "last_name", "email", "phone", "timezone")}
    email = {"email_verified": True} if verified else {"email_pending": who["email"]}
    person, _ = await keep_person(
        services, contract=who["contract"], password=who["password"], slug=slug, **known, **email
    )
    return person


async def password_hash(services: Services, password: str) -> str:
    """Made once for each password and each strength of hashing."""
    hasher = services.sign_in._hasher
    made = _hashes.get(password)
    if made is None or hasher.is_outdated(made):
        made = _hashes[password] = await hasher.hash(password)
    return made


async def make_staff(services: Services, **known: Any) -> Person:
    person = await make_person(services, **known)
    assert person.email is not None
    return await services.people.make_staff(person.email)


async def make_hero(
    services: Services, person: Person | None = None, *, accepted: bool = True, **offer: Any
) -> Hero:
    """A hero, listed unless `accepted` is False; of this person, or of a new one. Kept as `apply_as_hero` leaves
    him, but nobody has got a letter about it."""
    if person is not None:
        slug = await services.people._people.give_slug(person.id, person.full_name)
        return await _keep_hero(services, person, slug, accepted=accepted, offer=offer)
    return (await make_new_hero(services, accepted=accepted, **offer))[1]


async def make_new_hero(services: Services, *, accepted: bool = True, **offer: Any) -> tuple[Person, Hero]:
    """A new person who is a hero."""
    who = _made_up({"first_name": "Tom", "last_name": "Brady"})
    person = await _keep_phoned(services, who, verified=True, slug=True)
    assert person.slug is not None
    return person, await _keep_hero(services, person, person.slug, accepted=accepted, offer=offer)


async def apply_as_hero(
    services: Services, person: Person | None = None, *, accepted: bool = True, **offer: Any
) -> Hero:
    """As `make_hero`, by the way that a client goes: he applies, and staff is told; it decides, and he is told."""
    person = person or await make_person(services, first_name="Tom", last_name="Brady")
    hero = await services.heroes.apply(person, {**OFFER, **offer})
    if accepted:
        hero = (await services.heroes.decide(person, hero.id, accepted=True)).hero
    return hero


async def _keep_hero(
    services: Services, person: Person, slug: str, *, accepted: bool, offer: dict[str, Any]
) -> Hero:
    now = services.clock.now()
    hero = Hero(
        id=await services.people._numbers.next("heroes"),
        person_id=person.id,
        name=person.full_name,
        slug=slug,
        person_active=person.is_active,
        accepted=accepted,
        decided=accepted,
        created=now,
        updated=now,
        **{**OFFER, **offer},
    )
    check_offer(offer)
    await services.heroes._heroes.add(hero)
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
