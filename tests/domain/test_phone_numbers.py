"""Phone numbers: typed any way, kept in one, shown masked."""

from __future__ import annotations

import pytest

from thserver.domain import phone_numbers


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("5555555555", "+15555555555"),
        ("1234567890", "+11234567890"),
        ("(202) 555-0111", "+12025550111"),
        ("202.555.0111", "+12025550111"),
        (" +1 202 555 0111 ", "+12025550111"),
        ("1-202-555-0111", "+12025550111"),
        ("+44 7700 900123", "+447700900123"),
        ("", None),
        ("123", None),
        ("5550111", None),
        ("+1202555011", None),
        ("202555011112345", None),
        ("+99912345678", None),
        ("phone", None),
        ("2025550111 ext. 5", None),
        ("٢٠٢٥٥٥٠١١١", None),
        ("２０２５５５０１１１", None),
        ("2025550111" * 10, None),
        ("+1\x002025550111", None),
    ],
)
def test_a_number_is_kept_in_one_form_however_it_is_typed(typed: str, kept: str | None) -> None:
    assert phone_numbers.parse(typed) == kept


def test_without_a_region_the_plus_is_needed() -> None:
    assert phone_numbers.parse("2025550111", region=None) is None
    assert phone_numbers.parse("+12025550111", region=None) == "+12025550111"


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+12025550111", "US"),
        ("+14165550111", "CA"),
        ("+15555555555", "US"),
        ("+18765550111", "JM"),
        ("+447700900123", "GB"),
        ("+882161234567", "001"),
        ("nonsense", None),
    ],
)
def test_a_number_tells_its_country(number: str, region: str | None) -> None:
    assert phone_numbers.region_of(number) == region


def test_american_numbers_are_shown_as_ten_digits() -> None:
    assert phone_numbers.national_us("+15555555555") == "5555555555"
    assert phone_numbers.national_us("+447700900123") == "+447700900123"


def test_a_number_is_masked_to_its_last_four_digits() -> None:
    assert phone_numbers.masked("+12025550111") == "xxx-xxx-0111"
    assert phone_numbers.masked(None) == phone_numbers.masked("") == "xxx"


def test_a_number_is_shown_as_it_is_read_and_dialled() -> None:
    assert phone_numbers.shown("+12025550100") == "+1 202-555-0100"
