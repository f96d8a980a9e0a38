"""Passwords that are too easy to guess, and some that are not."""

from __future__ import annotations

import pytest

from thserver.domain.errors import Invalid
from thserver.domain.password_strength import WeakPassword, check_strength, is_common


@pytest.mark.parametrize(
    "password",
    ["password", "PASSWORD", "Password1", "qwertyuiop", "12345678", "87654321", "abcabcabc", "aaaaaaaa",
     "iloveyou2", "letmein123!", "abcdefghij", "1q2w3e4r5t", "sunshine2024"],
)  # fmt: skip
def test_what_people_take_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password", ["TestUserPassword", "correct horse battery", "Zx81-Spectrum", "väldigt-hemligt", "kqjzmwxv"]
)
def test_what_nobody_else_takes_is_not(password: str) -> None:
    assert not is_common(password)
    check_strength(password, {"username": "testuserlogin", "email": "testemail@fake.com"})


@pytest.mark.parametrize(
    ("password", "reasons"),
    [
        ("gracehopper", ["like_username"]),
        ("Hopper.Grace", ["like_username"]),
        ("sailor-1", ["like_email"]),
        ("1234567", ["password_too_short", "password_common", "password_numeric"]),
        ("83649201", ["password_numeric"]),
    ],
)
def test_every_broken_rule_is_named(password: str, reasons: list[str]) -> None:
    with pytest.raises(WeakPassword) as refusal:
        check_strength(password, {"username": "grace.hopper", "email": "sailor@navy.mil"})
    assert refusal.value.reasons == reasons


def test_nothing_larger_than_a_password_is_looked_at() -> None:
    with pytest.raises(Invalid) as refusal:
        check_strength("x" * 1025, {})
    assert refusal.value.problems == {"password": "too_long"}
