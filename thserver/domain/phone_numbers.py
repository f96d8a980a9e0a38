"""Phone numbers: typed any way, kept as E.164, shown masked."""

from __future__ import annotations

import phonenumbers
from phonenumbers import timezone


def parse(text: str, *, region: str | None = "US") -> str | None:
    """The number as E.164, or None when it is not a possible number.

    Ten bare digits are read as a US number; `region=None` demands the international form with `+`.
    """
    text = text.strip()
    if not text.isascii() or len(text) > 40:
        return None
    if region is None and not text.startswith("+"):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def region_of(e164: str) -> str | None:
    """ISO country code: `US`, `CA` …; for a number whose area is unknown, the main country of its code."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )


def zone_of(e164: str) -> str | None:
    """The IANA zone where this number belongs, if it is but one: not that of a number that is good in many."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    zones = timezone.time_zones_for_number(number)
    return zones[0] if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else None


def national_us(e164: str) -> str:
    """A US number as its ten digits, any other as E.164."""
    return e164[2:] if e164.startswith("+1") and len(e164) == 12 else e164


def shown(e164: str) -> str:
    """For people to read and dial: `+1 202-555-0100`."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked(e164: str | None) -> str:
    """For logs and for other people: `xxx-xxx-0100`."""
    return f"xxx-xxx-{e164[-4:]}" if e164 and len(e164) >= 4 else "xxx"
