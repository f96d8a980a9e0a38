"""Bodies of this contract's answers: the business's objects as the document shows them."""

from __future__ import annotations

from typing import Any

from handlers.fields import utc_text
from thserver.domain.people import Person
from thserver.domain.phone_numbers import national_us


def phone_text(phone: str | None) -> str | None:
    return national_us(phone) if phone else None


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
