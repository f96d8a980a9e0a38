"""What a password must be like."""

from __future__ import annotations

import pytest

from thserver.domain import passwords
from thserver.domain.errors import Invalid


@pytest.mark.parametrize("password", ["correct1", "pässwört1", "x" * 1023 + "1", "      a 1"])
def test_eight_characters_with_a_digit_will_do(password: str) -> None:
    passwords.check(password)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "password_too_short"),
        ("short1", "password_too_short"),
        ("passwords", "password_needs_a_digit"),
        ("x" * 1024 + "1", "too_long"),
        ("11111111", "password_common"),
        ("Password2", "password_common"),
        ("iloveyou123", "password_common"),
    ],
)
def test_what_is_wrong_is_said(password: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check(password, field="new_password")
    assert refused.value.problems == {"new_password": problem}


@pytest.mark.parametrize("password", ["password1", "secret"])
def test_the_examples_of_the_contracts_are_accepted_though_everybody_tries_them_first(password: str) -> None:
    passwords.check(password, shortest=6, with_digit=False)


def test_the_same_letters_are_the_same_password() -> None:
    assert passwords.normal("cafe\u0301") == passwords.normal("caf\u00e9")
