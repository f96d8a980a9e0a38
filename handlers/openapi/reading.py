"""A contract's OpenAPI document as its page shows it: sections of operations, each with what goes in and what comes out."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.openapi.contracts import Contract
from handlers.openapi.document import JSON, anywhere_of, document
from handlers.openapi.examples import Reader, Row, Schema


@dataclass(frozen=True)
class Value:
    """A body: by its fields, and by an example (JSON text; None for a form)."""

    media_type: str
    rows: tuple[Row, ...]
    example: str | None


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    headers: tuple[str, ...]
    value: Value | None

    @property
    def is_good(self) -> bool:
        return self.status.startswith("2")


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_sign_in: bool
    parameters: tuple[Row, ...]
    bodies: tuple[Value, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True)
class Page:
    title: str
    description: str
    sign_in: str
    # What may come of every request.
    anywhere: tuple[Answer, ...]
    sections: Mapping[str, tuple[Operation, ...]]


@functools.cache
def page_of(contract: Contract, base_url: str) -> Page:
    whole = document(contract, base_url)
    reader = Reader(whole["components"]["schemas"])
    sections: dict[str, list[Operation]] = {}
    header = _sign_in(contract.security)
    anywhere = tuple(_answer(reader, status, response) for status, response in anywhere_of(contract).items())
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
            bodies = tuple(
                _value(reader, media_type, content["schema"])
                for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
            )
            needs_sign_in = "security" in operation
            found = Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation["summary"],
                description=operation.get("description", ""),
                needs_sign_in=needs_sign_in,
                parameters=tuple(_parameter(reader, each) for each in parameters),
                bodies=bodies,
                answers=tuple(
                    answer
                    for status, each in operation["responses"].items()
                    if (answer := _answer(reader, status, each)) not in anywhere
                ),
                curl=_curl(
                    method.upper(),
                    base_url + _filled(path, parameters, reader),
                    bodies,
                    header * needs_sign_in,
                ),
            )
            sections.setdefault(operation["tags"][0], []).append(found)
    return Page(
        title=whole["info"]["title"],
        description=whole["info"]["description"],
        sign_in=header,
        anywhere=anywhere,
        sections={name: tuple(found) for name, found in sections.items()},
    )


def _sign_in(security: Mapping[str, Any]) -> str:
    """`Authorization: Token <token>`."""
    if security["type"] == "http":
        return "Authorization: Bearer <token>"
    return str(security["description"]).strip("`")


def _value(reader: Reader, media_type: str, schema: Schema) -> Value:
    example = json.dumps(reader.example(schema), indent=2, ensure_ascii=False) if media_type == JSON else None
    return Value(media_type, tuple(reader.rows(schema)), example)


def _answer(reader: Reader, status: str, response: Mapping[str, Any]) -> Answer:
    content = response.get("content", {}).get(JSON)
    value = _value(reader, JSON, content["schema"]) if content and status.startswith("2") else None
    return Answer(status, response["description"], tuple(response.get("headers", ())), value)


def _parameter(reader: Reader, parameter: Mapping[str, Any]) -> Row:
    row = next(reader.rows({"properties": {parameter["name"]: parameter["schema"]}}))
    where = f"In the {parameter['in']}."
    return Row(row.name, row.kind, parameter.get("required", False), f"{where} {row.note}".strip())


def _filled(path: str, parameters: list[Mapping[str, Any]], reader: Reader) -> str:
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(reader.example(each["schema"], each["name"])))
    return path


def _curl(method: str, url: str, bodies: tuple[Value, ...], header: str) -> str:
    lines = ["curl" if method == "GET" else f"curl -X {method}"]
    if header:
        lines.append(f"-H '{header}'")
    json_body = next((body for body in bodies if body.example is not None), None)
    if json_body is not None:
        lines.append("-H 'Content-Type: application/json'")
        quoted = (json_body.example or "").replace("'", "'\\''")
        lines.append(f"-d '{quoted}'")
    elif bodies:
        lines += [f"-F {row.name}={'@picture.jpg' if row.kind == 'file' else '…'}" for row in bodies[0].rows]
    return " \\\n  ".join([*lines, f"'{url}'"])
