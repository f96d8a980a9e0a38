"""Names, slugs, addresses and zones."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from thserver.domain.people import Person, is_zone, names_of, normal_email, slug_candidates, slug_of

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def person(**known: Any) -> Person:
    return Person(id=1, uuid="085e8bbf-4430-4df8-9233-8269b52bd4bf", created=NOW, updated=NOW, **known)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Tom Brady", "tom-brady"),
        ("  José   Álvarez ", "jose-alvarez"),
        ("O'Neil, Ann-Marie", "o-neil-ann-marie"),
        ("王小明", "host"),
        ("!!!", "host"),
        ("", "host"),
        ("x" * 100, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
        ("</Say><Dial>", "say-dial"),
    ],
)
def test_a_slug_is_made_of_plain_letters_and_digits(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_namesakes_are_numbered() -> None:
    first = list(itertools.islice(slug_candidates("Tom Brady"), 3))
    assert first == ["tom-brady", "tom-brady-2", "tom-brady-3"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" Test@Test.COM ", "test@test.com"), ("jose\u0301@x.com", "jos\u00e9@x.com")],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert normal_email(typed) == kept


@pytest.mark.parametrize(
    ("zone", "known"),
    [("America/Chicago", True), ("UTC", True), ("America/Nowhere", False), ("../x", False), ("", False)],
)
def test_zones_are_those_of_the_iana(zone: str, known: bool) -> None:
    assert is_zone(zone) is known


def test_a_person_has_a_name_that_can_be_said() -> None:
    assert person(first_name="Tom", last_name="Brady").full_name == "Tom Brady"
    assert person(first_name="Tom").full_name == "Tom"
    assert person(username="tom").full_name == "tom"
    assert person().full_name == "Somebody"


def test_a_number_counts_as_verified_only_when_proven() -> None:
    assert not person(phone_pending="+12025550111").phone_verified
    assert person(phone="+12025550111").phone_verified


def test_news_is_mailed_to_active_people_who_want_it() -> None:
    assert person().wants_mail
    assert not person(is_active=False).wants_mail
    assert not person(email_notifications=False).wants_mail


@pytest.mark.parametrize("name", ["fff", "Ada Lovelace", "Anna  Maria van Dyk", "José 🦄"])
def test_a_single_name_is_shown_exactly_as_it_was_given(name: str) -> None:
    first_name, last_name = names_of(name)
    assert person(first_name=first_name, last_name=last_name).full_name == name
