"""Whether a password is too easy to guess, by the four rules that Django's users know: like the name, short,
common, only digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

from thserver.domain.common_passwords import is_common
from thserver.domain.errors import Invalid
from thserver.domain.passwords import LONGEST

SHORTEST = 8
TOO_ALIKE = 0.7


class WeakPassword(Invalid):
    """Too easy to guess; `reasons` are all the rules that it breaks, in their usual order."""

    code = "weak_password"

    def __init__(self, reasons: list[str], *, field: str = "password") -> None:
        super().__init__({field: reasons[0]})
        self.field = field
        self.reasons = reasons


def check_strength(password: str, about: Mapping[str, str], *, field: str = "password") -> None:
    """Raises WeakPassword. `about` is what is known of the person, by what it is: username, email …"""
    if len(password) > LONGEST:
        raise Invalid({field: "too_long"})
    reasons = []
    for name, value in about.items():
        if is_like(password, value):
            reasons.append(f"like_{name}")
            break
    if len(password) < SHORTEST:
        reasons.append("password_too_short")
    if is_common(password):
        reasons.append("password_common")
    if password.isdecimal():
        reasons.append("password_numeric")
    if reasons:
        raise WeakPassword(reasons, field=field)


def is_like(password: str, value: str) -> bool:
    """Whether the password is much like this value or a word in it."""
    lower, whole = password.lower(), value.lower()
    for part in {*re.split(r"\W+", whole), whole}:
        # A part that is far shorter than the password cannot be like it.
        if not part or (len(lower) >= 10 * len(part) and len(part) < TOO_ALIKE / 2 * len(lower)):
            continue
        if SequenceMatcher(a=lower, b=part).quick_ratio() >= TOO_ALIKE:
            return True
    return False
