"""Lists in bodies and queries: repeated keys, `key[]`, or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from marshmallow import Schema, fields
from marshmallow.exceptions import ValidationError

from handlers.fields import MESSAGES, Described

LARGEST_ID = 2**63 - 1


class ListOf(fields.Field[list[Any]], Described):
    """A list; `item` reads one entry and raises ValidationError, whose sentence then stands for the whole list.

    Without `empty`, the sentence for an empty list, one may be empty. `entry` is an entry's JSON schema.
    """

    default_error_messages = {
        **MESSAGES,
        "not_a_list": 'Expected a list of items but got type "{kind}".',
        "too_many": "Ensure this field has no more than {most} elements.",
    }

    def __init__(
        self,
        item: Callable[[Any], Any],
        *,
        entry: dict[str, Any],
        empty: str | None = None,
        most: int = 10_000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.item, self.entry, self.empty, self.most = item, entry, empty, most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, str):
            value = _from_json(value)
        if not isinstance(value, list):
            raise self.make_error("not_a_list", kind=type(value).__name__)
        if not value and self.empty is not None:
            raise ValidationError(self.empty)
        if len(value) > self.most:
            raise self.make_error("too_many", most=self.most)
        read = self.item
        return [read(each) for each in value]

    def as_json_schema(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": self.entry,
            "minItems": 0 if self.empty is None else 1,
            "maxItems": self.most,
        }


def lists_in(
    schema: Schema, arguments: Mapping[str, list[bytes]], decode: Callable[[bytes], str]
) -> dict[str, Any]:
    """The schema's lists as a form or query carries them; those it says nothing of are left out."""
    found: dict[str, Any] = {}
    for name, field in schema.fields.items():
        if isinstance(field, ListOf):
            key = field.data_key or name
            values = [decode(value) for each in (key, f"{key}[]") for value in arguments.get(each, ())]
            if len(values) == 1 and values[0].lstrip().startswith("["):
                found[key] = values[0]
            elif values:
                found[key] = values
    return found


def _from_json(text: str) -> Any:
    """What the text says if it is JSON for a list, else the text itself."""
    if not text.lstrip().startswith("["):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
