"""Bodies of this contract's answers: people and heroes as the document shows them."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.fields import utc_text
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.domain.phone_numbers import national_us

if TYPE_CHECKING:
    from thserver.services.heroes import Decision

NOT_LISTED = frozenset({"short_bio", "accepted", "linkedin_url", "active"})


def phone_text(phone: str | None) -> str | None:
    return national_us(phone) if phone else None


def wall_clock(local: datetime) -> str:
    """A local time in the document's form: what the clock on the wall shows, with a `Z` that does not mean UTC."""
    return local.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def profile(person: Person) -> dict[str, Any]:
    """A person as he sees himself."""
    return {
        "id": person.uuid,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "email_verified": person.email_verified,
        "email_notifications": person.email_notifications,
        "phone": phone_text(person.phone),
        "phone_verified": person.phone_verified,
        "profile_image": person.image_url,
        "is_active": person.is_active,
        "email_pending": person.email_pending,
        "phone_pending": phone_text(person.phone_pending),
        "timezone": person.timezone,
        "created": utc_text(person.created),
        "updated": utc_text(person.updated),
    }


def signed_in_profile(person: Person, token: str) -> dict[str, Any]:
    return {**profile(person), "token": token}


def short_person(person: Person) -> dict[str, Any]:
    """A person as others see him."""
    return {
        "id": person.uuid,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "profile_image": person.image_url,
        "timezone": person.timezone,
        "created": utc_text(person.created),
    }


def listed_hero(hero: Hero, person: Person) -> dict[str, Any]:
    """A hero in the list."""
    return hero_body(hero, short_person(person), without=NOT_LISTED)


def hero_detail(hero: Hero, person: Person) -> dict[str, Any]:
    """A hero as others see him."""
    return hero_body(hero, short_person(person), without={"accepted"})


def application(hero: Hero, person: Person) -> dict[str, Any]:
    """A hero as he has applied."""
    return hero_body(hero, short_person(person), without={"active"})


def hero_profile(hero: Hero, person: Person) -> dict[str, Any]:
    """A hero as he sees himself."""
    return hero_body(hero, profile(person))


def hero_body(hero: Hero, user: dict[str, Any], *, without: Set[str] = frozenset()) -> dict[str, Any]:
    """A hero in the document's order of fields."""
    body = {
        "id": hero.id,
        "user": user,
        "slug": hero.slug,
        "discipline": hero.discipline,
        "title": hero.title,
        "description": hero.description,
        "position": hero.position,
        "company": hero.company,
        "short_bio": hero.short_bio,
        "years_of_exp": hero.years_of_exp,
        "rate_in_cents": hero.rate_in_cents,
        "accepted": hero.accepted,
        "linkedin_url": hero.linkedin_url,
        "active": hero.active,
        "created": utc_text(hero.created),
        "updated": utc_text(hero.updated),
    }
    for name in without:
        del body[name]
    return body


def decision(decision: Decision) -> dict[str, Any]:
    """`user` is the staff member who decided."""
    return {
        "user": decision.by.uuid,
        "hero": decision.hero.id,
        "accepted": decision.hero.accepted,
        "timestamp": utc_text(decision.at),
    }
