"""Secrets that we hand out: sign-in tokens, codes in texts, tokens in e-mails, PINs. Only hashes of them are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from string import ascii_lowercase, digits

LETTERS_AND_DIGITS = ascii_lowercase + digits
GUESSES = 5


def new_token() -> str:
    """A sign-in token: 160 random bits as forty hexadecimal digits."""
    return secrets.token_hex(20)


def token_hash(token: str) -> str:
    """A token's hash as it is kept. Its randomness makes a key or salt needless."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_code(length: int, alphabet: str = digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def keyed_hash(key: str, *parts: str) -> str:
    """The hash of something short enough to be guessed: worthless to a thief without SECRET_KEY."""
    return hmac.new(
        key.encode(), "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def pin_for(key: str, booking_id: int, person_id: int, attempt: int = 0) -> str:
    """Six digits for one person in one booking, the same whenever asked; no leading zero, no doubled neighbours
    (some carriers swallow the second). `attempt` gives the next one when two bookings clash."""
    seed = hmac.new(
        key.encode(), f"pin\x1f{booking_id}\x1f{person_id}\x1f{attempt}".encode(), hashlib.sha256
    ).digest()
    pin = ""
    for byte in seed:
        digit = str(byte % 10)
        if byte < 250 and digit != pin[-1:] and not (digit == "0" and not pin):
            pin += digit
        if len(pin) == 6:
            return pin
    return pin_for(key, booking_id, person_id, attempt + 1_000_000)
