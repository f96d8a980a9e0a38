"""Holds every answer that a test gets against what the OpenAPI documents say of it: so the suite proves them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from handlers.openapi.contracts import DOCUMENTED
from handlers.openapi.document import JSON, document, endpoints_of
from handlers.openapi.paths import is_endpoint

Validator = Any
# In two documents; the scheme of the sign-in says whose a request is.
SHARED, SCHEMES = "/api/meetings", {"experts": "bearer", "gatherings": "token"}


@functools.cache
def _routes() -> list[tuple[re.Pattern[str], str, dict[str, tuple[str, dict[str, Any]]]]]:
    """The documented routes: pattern, contract, and for each method where its description stands."""
    found = []
    for contract in DOCUMENTED:
        paths = document(contract, "http://localhost")["paths"]
        by_pattern: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {}
        for endpoint in endpoints_of(contract):
            operation = paths[endpoint.template][endpoint.method]
            by_pattern.setdefault(endpoint.pattern, {})[endpoint.method] = (endpoint.template, operation)
        # In their order, because the first that fits is the one that answers.
        found += [
            (re.compile(pattern), contract.name, by_pattern.get(pattern, {}))
            for pattern, handler in contract.routes
            if is_endpoint(handler)
        ]
    return found


@functools.cache
def _validator(contract_name: str, template: str, method: str, status: str) -> Validator | None:
    contract = next(each for each in DOCUMENTED if each.name == contract_name)
    whole = document(contract, "http://localhost")
    response = whole["paths"][template][method]["responses"][status]
    if "content" not in response:
        return None
    schema = {**response["content"][JSON]["schema"], "components": whole["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _fitting(path: str, scheme: str) -> Iterator[tuple[str, dict[str, tuple[str, dict[str, Any]]]]]:
    for pattern, contract, operations in _routes():
        if pattern.fullmatch(path):
            if path.startswith(SHARED) and SCHEMES[contract] != scheme:
                continue
            yield contract, operations


def check(
    method: str, path: str, sent: Mapping[str, str], *, status: int, kind: str, body: Any, raw: bytes
) -> None:
    """Fails when a documented request was answered with something that its document does not describe."""
    path = path.partition("?")[0]
    scheme = sent.get("Authorization", "").partition(" ")[0].lower()
    contract, operations = next(_fitting(path, scheme), ("", {}))
    template, operation = operations.get(method.lower(), ("", {}))
    if not operation:
        return
    what = f"{method} {path} (contract {contract})"
    assert str(status) in operation["responses"], f"{what}: {status} is not described: {raw!r}"
    validator = _validator(contract, template, method.lower(), str(status))
    if validator is None:
        assert not raw, f"{what}: {status} is described as empty, and is {raw!r}"
        return
    assert kind.startswith(JSON), f"{what}: {status} came as {kind}"
    for error in validator.iter_errors(body):
        raise AssertionError(f"{what}: {status} is not as described: {error.message} in {body}")
