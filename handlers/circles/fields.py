"""Fields in the words of this contract: what is wrong is said without the field's name, which stands before it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from marshmallow import fields

from handlers.fields import EMAIL, Body, Described
from thserver.domain.people import normal_email

BLANK = "can't be blank"
# Registration and profile say it so.
BLANK_IN_FULL = "can not be blank"
MAX_TEXT = 2000


class Section(Body):
    """The object in which a request's fields stand."""

    blank: ClassVar[str] = BLANK


class Words(fields.Field[str | None], Described):
    """A text within its bounds, trimmed. An optional one may be missing, null or blank: then there is none.
    `may_be_empty` is for a required one that may be blank."""

    default_error_messages = {
        "required": BLANK,
        "null": BLANK,
        "blank": BLANK,
        "invalid": "is invalid",
        "too_long": "is too long (maximum is {limit} characters)",
        "too_short": "is too short (minimum is {limit} characters)",
    }

    def __init__(
        self,
        *,
        longest: int = MAX_TEXT,
        shortest: int = 1,
        optional: bool = False,
        may_be_empty: bool = False,
        trim: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(required=not optional, allow_none=optional or may_be_empty, **more)
        self.longest, self.shortest, self.optional, self.trim = longest, shortest, optional, trim
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str) or "\x00" in value:
            raise self.make_error("invalid")
        text = value.strip() if self.trim else value
        if not text:
            if self.optional or self.may_be_empty:
                return None
            raise self.make_error("blank")
        if len(text) > self.longest:
            raise self.make_error("too_long", limit=self.longest)
        if len(text) < self.shortest:
            raise self.make_error("too_short", limit=self.shortest)
        return self.read(text)

    def read(self, text: str) -> str:
        return text

    def as_json_schema(self) -> dict[str, Any]:
        shortest = 0 if self.optional or self.may_be_empty else self.shortest
        return {"type": "string", "minLength": shortest, "maxLength": self.longest}


class Secret(Words):
    """A password: never trimmed."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"trim": False, **more})

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "format": "password"}


class Address(Words):
    """An e-mail address in its normal form."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"longest": 255, **more})

    def read(self, text: str) -> str:
        if not EMAIL.fullmatch(text):
            raise self.make_error("invalid")
        return normal_email(text)

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "format": "email", "examples": ["cam@example.com"]}


class AnyAddress(Words):
    """An address to look for: one that is none is simply nobody's."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"longest": 255, **more})

    def read(self, text: str) -> str:
        return normal_email(text)

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "examples": ["cam@example.com"]}


class OneOf(Words):
    default_error_messages = {"not_included": "is not included in the list"}

    def __init__(self, *choices: str, **more: Any) -> None:
        super().__init__(**more)
        self.choices = choices

    def read(self, text: str) -> str:
        if text not in self.choices:
            raise self.make_error("not_included")
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


class Day(Words):
    """yyyy-mm-dd, kept as it is."""

    default_error_messages = {"not_a_date": "is not a date"}

    def read(self, text: str) -> str:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise self.make_error("not_a_date")
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise self.make_error("not_a_date") from error
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "examples": ["1950-04-01"]}


class Instant(fields.Field[datetime], Described):
    """yyyy-mm-dd hh:mm:ss in UTC."""

    default_error_messages = {
        "required": BLANK,
        "null": BLANK,
        "invalid": "is not a date",
    }
    FORM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and not value.strip():
            raise self.make_error("null")
        if not isinstance(value, str) or not self.FORM.fullmatch(value.strip()):
            raise self.make_error("invalid")
        try:
            moment = datetime.strptime(value.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError as error:
            raise self.make_error("invalid") from error
        if not 1970 <= moment.year <= 9000:
            raise self.make_error("invalid")
        return moment

    def as_json_schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": f"^{self.FORM.pattern}$",
            "examples": ["2099-01-05 10:00:00"],
            "description": "In UTC.",
        }


class Confirmation(fields.Field[str | bool | None], Described):
    """What a friend confirms: a yes or no, or a text of his own."""

    default_error_messages = {
        "invalid": "is invalid",
        "too_long": "is too long (maximum is {limit} characters)",
    }

    def __init__(self, *, longest: int, **more: Any) -> None:
        super().__init__(allow_none=True, load_default=None, **more)
        self.longest = longest

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | bool | None:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or "\x00" in value:
            raise self.make_error("invalid")
        if len(value) > self.longest:
            raise self.make_error("too_long", limit=self.longest)
        return value.strip() or None

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": ["boolean", "string"], "maxLength": self.longest}


class Count(fields.Field[int], Described):
    """A whole number above zero."""

    default_error_messages = {
        "null": "is not a number",
        "invalid": "is not a number",
        "too_small": "must be greater than 0",
        "too_large": "must be less than or equal to {limit}",
    }

    def __init__(self, *, most: int, default: int) -> None:
        super().__init__(load_default=default)
        self.most = most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value, re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid")
        if value < 1:
            raise self.make_error("too_small")
        if value > self.most:
            raise self.make_error("too_large", limit=self.most)
        return value

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.most}
