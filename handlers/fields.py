"""Fields of request and response bodies: strict about types, lenient about spelling, in the words clients know.

The sentences are those of Django REST framework, which three of the five documents were written with.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from marshmallow import EXCLUDE, Schema, fields
from marshmallow.exceptions import ValidationError

from thserver.domain import phone_numbers
from thserver.domain.people import is_zone, normal_email

REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
MAX_TEXT = 2000
DATETIME_FORMAT = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
EMAIL = re.compile(
    r"[^@\s\x00-\x1f<>,;:\"\\()\[\]]{1,64}@[^@\s.\x00-\x1f<>,;:\"\\()\[\]]+(\.[^@\s.\x00-\x1f<>,;:\"\\()\[\]]+)+"
)

MESSAGES = {"required": REQUIRED, "null": NULL}


class Body(Schema):
    """Base of all bodies: unknown keys are ignored, never stored."""

    class Meta:
        unknown = EXCLUDE


def like(*values: Any) -> dict[str, Any]:
    """Examples for the descriptions: `Text(metadata=like("Cam"))`."""
    return {"examples": list(values)}


class Described:
    """A field that says in JSON schema what it takes: beside the code that checks it, for the descriptions."""

    def as_json_schema(self) -> dict[str, Any]:
        raise NotImplementedError


class Text(fields.Field[str], Described):
    """A string: trimmed, without NUL, bounded, not blank unless `blank` says so."""

    default_error_messages = {
        **MESSAGES,
        "invalid": "Not a valid string.",
        "blank": BLANK,
        "null_character": "Null characters are not allowed.",
        "too_long": "Ensure this field has no more than {limit} characters.",
        "too_short": "Ensure this field has at least {limit} characters.",
    }

    def __init__(
        self,
        *,
        blank: bool = False,
        longest: int = MAX_TEXT,
        shortest: int = 0,
        trim: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.blank, self.longest, self.shortest, self.trim = blank, longest, shortest, trim

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if "\x00" in value:
            raise self.make_error("null_character")
        text = value.strip() if self.trim else value
        if not text and not self.blank:
            raise self.make_error("blank")
        if len(text) > self.longest:
            raise self.make_error("too_long", limit=self.longest)
        if text and len(text) < self.shortest:
            raise self.make_error("too_short", limit=self.shortest)
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "minLength": 0 if self.blank else max(1, self.shortest),
            "maxLength": self.longest,
        }


class WholeNumber(fields.Field[int], Described):
    """An integer, or its ASCII digits in a form; never true, never 1.0."""

    default_error_messages = {
        **MESSAGES,
        "invalid": "A valid integer is required.",
        "too_small": "Ensure this value is greater than or equal to {limit}.",
        "too_large": "Ensure this value is less than or equal to {limit}.",
    }

    def __init__(self, *, least: int = -(2**31), most: int = 2**31 - 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value, re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid")
        if value < self.least:
            raise self.make_error("too_small", limit=self.least)
        if value > self.most:
            raise self.make_error("too_large", limit=self.most)
        return value

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Flag(fields.Field[bool], Described):
    """true or false, or their names in a form."""

    default_error_messages = {**MESSAGES, "invalid": "Must be a valid boolean."}
    TRUE = (True, "true", "True", "TRUE", "1", "on", "yes")
    FALSE = (False, "false", "False", "FALSE", "0", "off", "no")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, (bool, str)):
            if value in self.TRUE:
                return True
            if value in self.FALSE:
                return False
        raise self.make_error("invalid")

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice(Text):
    """One of a fixed set of words."""

    default_error_messages = {"not_a_choice": '"{value}" is not a valid choice.'}

    def __init__(self, choices: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in self.choices:
            raise self.make_error("not_a_choice", value=text[:100])
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


class Moment(fields.Field[datetime], Described):
    """A time as ISO-8601 with any offset; a naive one is UTC. Goes out in UTC with `Z`, `digits` after the second."""

    default_error_messages = {**MESSAGES, "invalid": DATETIME_FORMAT}

    def __init__(self, *, digits: int = 6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.digits = digits

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or len(value) > 40 or not ISO.fullmatch(value.strip()):
            raise self.make_error("invalid")
        try:
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid") from error
        if not 1970 <= moment.year <= 9000:
            raise self.make_error("invalid")
        return moment

    def _serialize(self, value: datetime | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else utc_text(value, self.digits)

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


# Lists show the same moments again and again, and each takes as long as ten other fields.
@lru_cache(maxsize=4096)
def utc_text(moment: datetime, digits: int = 6) -> str:
    """`2016-11-16T15:56:56.179000Z` (digits 6), `….179Z` (3), `2016-11-16T15:56:56Z` (0)."""
    # Three times as fast as strftime; what is UTC already is not turned into it.
    text = (moment.astimezone(UTC) if moment.utcoffset() else moment).isoformat(timespec="microseconds")
    return (text[: 20 + digits] if digits else text[:19]) + "Z"


class Email(Text):
    """An address in its normal form."""

    default_error_messages = {"not_an_address": "Enter a valid email address."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"longest": 254, **kwargs})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text and self.blank:
            return text
        if not EMAIL.fullmatch(text):
            raise self.make_error("not_an_address")
        return normal_email(text)

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "format": "email", "examples": ["cam@example.com"]}


class Phone(Text):
    """A phone number typed any way; E.164 inside. `region=None` takes only the international form."""

    default_error_messages = {"not_a_number": "Invalid phone number."}

    def __init__(self, *, region: str | None = "US", **kwargs: Any) -> None:
        super().__init__(**{"longest": 40, **kwargs})
        self.region = region

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        number = phone_numbers.parse(text, region=self.region)
        if number is None:
            raise self.make_error("not_a_number")
        return number

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "examples": ["+13125550123"]}


class Zone(Text):
    """An IANA time zone."""

    default_error_messages = {"not_a_zone": '"{value}" is not a valid time zone.'}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_zone(text):
            raise self.make_error("not_a_zone", value=text[:100])
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "examples": ["America/Chicago"]}


class WebAddress(Text):
    """An http(s) URL."""

    default_error_messages = {"not_a_url": "Enter a valid URL."}
    URL = re.compile(r"https?://[^\s/?#<>\"'\\]+\.?[^\s<>\"'\\]*", re.IGNORECASE)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text and not self.URL.fullmatch(text):
            raise self.make_error("not_a_url")
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "format": "uri", "examples": ["https://example.com/cam"]}


class Password(Text):
    """A password: never trimmed; 1 KB at most, so that nothing larger is ever hashed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim": False, "longest": 1024, "load_only": True, **kwargs})

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "format": "password"}


__all__ = [
    "Body",
    "Choice",
    "Described",
    "Email",
    "Flag",
    "Moment",
    "Password",
    "Phone",
    "Text",
    "ValidationError",
    "WebAddress",
    "WholeNumber",
    "Zone",
    "fields",
    "like",
    "utc_text",
]
