"""Bodies of requests: how large they may be, JSON read strictly, and what is refused of them."""

from __future__ import annotations

import json
from typing import Any

import orjson

from thserver.domain.errors import Refusal

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 10 * 1024 * 1024
MULTIPART = "multipart/form-data"
FORMS = ("application/x-www-form-urlencoded", MULTIPART)


class Malformed(Refusal):
    """The body is not what it says it is: bad JSON, a list where an object is due, bad form encoding."""

    code = "malformed"


class TooLarge(Refusal):
    """The body is larger than this route takes."""

    code = "too_large"


class UnsupportedMedia(Refusal):
    """A body of a kind that no route reads."""

    code = "unsupported_media"


class FieldErrors(Refusal):
    """What a schema found wrong, already in the wire's field names and words: {field: [sentence, …]}."""

    code = "field_errors"

    def __init__(self, messages: dict[str, Any]) -> None:
        self.messages = messages
        super().__init__(messages)


def strict_object(text: bytes) -> dict[str, Any]:
    """A JSON object: UTF-8, finite numbers, no lone surrogates, no key twice. Raises Malformed."""
    try:
        body = orjson.loads(text)
        # orjson is strict but for repeated keys, of which it keeps the last.
        json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(body, dict):
        raise Malformed
    return body


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
