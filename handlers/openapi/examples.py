"""An example and a table of a schema of an OpenAPI document, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Schema = Mapping[str, Any]
DEEPEST = 6
MOMENT = "2026-03-02T15:00:00"
BY_FORMAT = {
    "uuid": "0b6d9a7e-5f0c-4c1c-9a55-3f1d2c8e7b10",
    "email": "cam@example.com",
    "uri": "https://example.com/cam",
    "password": "correct horse 1",
}
# For texts that nothing else is known of.
BY_NAME = {
    "first_name": "Cam",
    "last_name": "Newton",
    "full_name": "Cam Newton",
    "name": "Cam Newton",
    "username": "cam",
    "token": "<token>",
    "access_token": "<token>",
    "auth_token": "<token>",
    "message": "How do I throw?",
    "reason": "I am away that week.",
    "code": "482913",
    "phone_token": "4f7k2a",
    "last4": "4242",
    "brand": "visa",
    "payment_method": "pm_card_visa",
    "conference": "CF00000000000000000000000000000001",
    "sid": "CF00000000000000000000000000000001",
}
BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
PLURALS = {"object": "objects", "text": "texts", "whole number": "whole numbers"}
LIMITS = (
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minimum", "from {}"),
    ("maximum", "up to {}"),
    ("multipleOf", "a multiple of {}"),
    ("minItems", "at least {} entries"),
    ("maxItems", "at most {} entries"),
    ("pattern", "like {}"),
    ("default", "else {}"),
)
# What limits every text or number, and is not worth telling.
USUAL = {"minLength": (0, 1), "maxLength": (2000,), "minimum": (-(2**31),), "maximum": (2**31 - 1,)}


@dataclass(frozen=True)
class Row:
    """One value of an object. `name` has the names of what it is in before it: `times[].user.id`."""

    name: str
    kind: str
    always: bool
    note: str


class Reader:
    """Knows a document's components."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = components

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._components[schema["$ref"].rpartition("/")[2]]
        return schema

    def parts(self, schema: Schema) -> tuple[Mapping[str, Schema], list[str]]:
        """The properties of an object and the names of those that are always there."""
        schema = self.resolved(schema)
        properties = dict(schema.get("properties", {}))
        required = list(schema.get("required", ()))
        for each in schema.get("allOf", ()):
            more, needed = self.parts(each)
            properties |= more
            required += needed
        return properties, required

    def example(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """`name` is what the value is called where it stands."""
        schema = self.resolved(schema)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            return self.example(schema["anyOf"][0], name, depth)
        properties, _ = self.parts(schema)
        if properties:
            return (
                {key: self.example(each, key, depth + 1) for key, each in properties.items()}
                if depth < DEEPEST
                else {}
            )
        kind = kinds_of(schema)[0]
        if kind == "array":
            return [self.example(schema.get("items", {}), name, depth + 1)]
        if kind == "object":
            return {"field": ["What is wrong with it."]}
        if schema.get("format") == "date-time":
            return MOMENT + (".000000Z" if "{6}" in schema.get("pattern", "{6}") else "Z")
        if schema.get("format") in BY_FORMAT:
            return BY_FORMAT[schema["format"]]
        if kind == "string" and name in BY_NAME:
            return BY_NAME[name]
        return max(schema.get("minimum", 1), 1) if kind == "integer" else BY_TYPE[kind]

    def rows(self, schema: Schema, before: str = "", depth: int = 0) -> Iterator[Row]:
        schema = self.resolved(schema)
        if "anyOf" in schema:
            yield from _of_any([list(self.rows(each, before, depth)) for each in schema["anyOf"]])
            return
        if "items" in schema:
            yield from self.rows(schema["items"], f"{before.removesuffix('.')}[].", depth)
            return
        properties, required = self.parts(schema)
        for name, each in properties.items():
            yield Row(before + name, self.kind(each), name in required, note_of(self.resolved(each)))
            if depth < DEEPEST:
                yield from self.rows(each, f"{before}{name}.", depth + 1)

    def kind(self, schema: Schema) -> str:
        """`text`, `time or null`, `list of objects` …"""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(self.kind(each) for each in schema["anyOf"]))
        if "const" in schema:
            return repr(schema["const"]).lower()
        return " or ".join(self._word(kind, schema) for kind in kinds_of(schema))

    def _word(self, kind: str, schema: Schema) -> str:
        if kind == "array":
            one = self.kind(schema.get("items", {}))
            return f"list of {PLURALS.get(one, one)}"
        if kind == "string" and "contentMediaType" in schema:
            return "file"
        if kind == "string" and "enum" in schema:
            return " | ".join(str(word) for word in schema["enum"] if word is not None)
        if kind == "string":
            return {"date-time": "time", "uri": "web address", "email": "e-mail address", "uuid": "UUID"}.get(
                schema.get("format", ""), "text"
            )
        return {"integer": "whole number", "boolean": "true or false"}.get(kind, kind)


def _of_any(choices: list[list[Row]]) -> Iterator[Row]:
    """Each name once. What is in some of the choices only is not always there; a choice without rows is null."""
    named = [{row.name: row for row in rows} for rows in choices if rows]
    for name in dict.fromkeys(name for rows in named for name in rows):
        found = [rows[name] for rows in named if name in rows]
        always = len(found) == len(named) and all(row.always for row in found)
        yield replace(found[0], always=always)


def kinds_of(schema: Schema) -> list[str]:
    kinds = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "string")
    return list(kinds) if isinstance(kinds, list) else [kinds]


def note_of(schema: Schema) -> str:
    """The description, and the limits that are not every value's."""
    said = [schema["description"]] if schema.get("description") and "properties" not in schema else []
    if schema.get("format") == "date-time":
        return " ".join(said)
    limits = [
        words.format(schema[key])
        for key, words in LIMITS
        if key in schema and schema[key] not in USUAL.get(key, ())
    ]
    return " ".join([*said, ", ".join(limits)]).strip()
