"""Schemas of bodies, queries and answers in an OpenAPI document: our own fields say what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, missing
from marshmallow.fields import Field

from handlers.answers import Answer
from handlers.descriptions import Content, Either, Many
from handlers.fields import Described

NULL = {"type": "null"}


def plugin() -> MarshmallowPlugin:
    """Made anew for each document: it remembers what it has put into it."""
    return _Plugin(schema_name_resolver=_name)


def _name(schema: type[Schema] | Schema) -> str:
    """Bodies of requests are told from answers of the same name."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__ if issubclass(kind, Answer) else f"{kind.__name__}Body"


class _Plugin(MarshmallowPlugin):
    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        assert self.converter is not None
        self.converter.add_attribute_function(as_described)


def as_described(self: Any, field: Field[Any], *, ret: dict[str, Any], **kwargs: Any) -> Mapping[str, Any]:
    """Called by apispec on every field; `ret` is what it has found out by itself."""
    if not isinstance(field, Described):
        return {}
    schema = dict(field.as_json_schema())
    if ret.get("default", missing) is None and not field.allow_none:
        del ret["default"]
    if field.allow_none:
        schema = nullable(schema)
    return {**schema, **field.metadata}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" not in schema:
        return {"anyOf": [schema, NULL]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": list(dict.fromkeys((*kinds, "null"))), **more}


def schema_of(content: Content) -> Any:
    """What apispec resolves; not for an empty answer."""
    if isinstance(content, Many):
        return {"type": "array", "items": content.item}
    if isinstance(content, Either):
        return {"anyOf": [schema_of(each) for each in content.choices]}
    return content
