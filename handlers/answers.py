"""What a contract's `answers.py` is written in: schemas of answers, as descriptions and tests read them.

The answers themselves are made by each contract's `response_bodies.py`; the tests hold every one against its schema.
A value is there always unless it says `sometimes`, is never null unless it says `null`, and no other key may appear.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate


class Answer(Schema):
    """An object with exactly these keys."""

    class Meta:
        unknown = RAISE


def text(*, null: bool = False, sometimes: bool = False, **schema: Any) -> fields.String:
    """More JSON schema can be given by name: `text(pattern="^[a-z]+$", maxLength=10)`."""
    return fields.String(allow_none=null, required=not sometimes, metadata=schema)


def whole(*, null: bool = False, sometimes: bool = False, **schema: Any) -> fields.Integer:
    return fields.Integer(allow_none=null, required=not sometimes, metadata=schema)


def flag(*, null: bool = False, sometimes: bool = False, **schema: Any) -> fields.Boolean:
    return fields.Boolean(allow_none=null, required=not sometimes, metadata=schema)


def uuid(*, null: bool = False, **schema: Any) -> fields.UUID:
    return fields.UUID(allow_none=null, required=True, metadata=schema)


def moment(digits: int = 6, *, null: bool = False, sometimes: bool = False) -> fields.String:
    """A time in UTC with so many digits behind the second, as `utc_text` writes it."""
    behind = rf"\.[0-9]{{{digits}}}" if digits else ""
    pattern = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{behind}Z$"
    return text(null=null, sometimes=sometimes, format="date-time", pattern=pattern)


def web_address(*, null: bool = False, sometimes: bool = False) -> fields.String:
    return text(null=null, sometimes=sometimes, format="uri")


def given_address(*, null: bool = False, sometimes: bool = False) -> fields.String:
    """A web address as somebody gave it: not always one that a strict reader takes."""
    return text(null=null, sometimes=sometimes, examples=["https://example.com/cam.jpg"])


def given_email(*, null: bool = False) -> fields.String:
    """An e-mail address as somebody gave it: its letters may be any."""
    return text(null=null, examples=["cam@example.com"])


def one_of(*words: Any, null: bool = False, sometimes: bool = False) -> fields.String:
    return fields.String(allow_none=null, required=not sometimes, validate=validate.OneOf(words))


def part(schema: type[Schema], *, null: bool = False, sometimes: bool = False) -> fields.Nested:
    """An object within the answer."""
    return fields.Nested(schema, allow_none=null, required=not sometimes)


def list_of(
    item: type[Schema] | fields.Field[Any], *, null: bool = False, sometimes: bool = False, **schema: Any
) -> fields.List[Any]:
    inner = item if isinstance(item, fields.Field) else fields.Nested(item)
    return fields.List(inner, allow_none=null, required=not sometimes, metadata=schema)


def paged(item: type[Schema]) -> type[Schema]:
    """A numbered page of these, as `handlers.paging` makes it."""
    return Answer.from_dict(
        {
            "count": whole(minimum=0),
            "next": web_address(null=True),
            "previous": web_address(null=True),
            "results": list_of(item),
        },
        name=f"PageOf{item.__name__}",
    )
