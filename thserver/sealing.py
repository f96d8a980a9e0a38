"""Keeping what is waiting to be said unreadable in the database: Fernet under a key made from SECRET_KEY."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MOMENT = "@moment"


class Unreadable(Exception):
    """Sealed under another SECRET_KEY, or not by us."""


class Sealer:
    """Seals JSON-like values; aware datetimes come back as datetimes, tuples as lists."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"thserver outbox").derive(
            secret_key.encode()
        )
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, value: Any) -> bytes:
        plain = orjson.dumps(value, default=_tagged, option=orjson.OPT_PASSTHROUGH_DATETIME)
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> Any:
        """Raises Unreadable."""
        try:
            return _untagged(orjson.loads(self._fernet.decrypt(sealed)))
        except InvalidToken as error:
            raise Unreadable from error


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime):
        return {MOMENT: value.isoformat()}
    raise TypeError(f"a {type(value).__name__} cannot be sealed")


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {MOMENT}:
            return datetime.fromisoformat(value[MOMENT])
        return {name: _untagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    return value
