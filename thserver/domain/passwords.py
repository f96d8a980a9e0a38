"""What a password must be like, whoever asks for it."""

from __future__ import annotations

import unicodedata

from thserver.domain.common_passwords import is_common
from thserver.domain.errors import Invalid

SHORTEST, LONGEST = 8, 1024
# The contracts' own examples, which clients may send as they stand.
IN_EXAMPLES = frozenset({"password1", "secret"})


def normal(password: str) -> str:
    """NFC, so that the same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFC", password)


def check(
    password: str, *, field: str = "password", shortest: int = SHORTEST, with_digit: bool = True
) -> None:
    """Raises Invalid with too_long, password_too_short, password_needs_a_digit or password_common."""
    if len(password) > LONGEST:
        raise Invalid({field: "too_long"})
    if len(password) < shortest:
        raise Invalid({field: "password_too_short"})
    if with_digit and not any(letter.isdecimal() for letter in password):
        raise Invalid({field: "password_needs_a_digit"})
    if is_common(password) and password not in IN_EXAMPLES:
        raise Invalid({field: "password_common"})
