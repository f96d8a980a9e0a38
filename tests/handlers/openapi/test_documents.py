"""The OpenAPI documents: every route of every contract is in its document, and nothing else is."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from tornado.websocket import WebSocketHandler

from handlers.access import served_methods
from handlers.base import UnknownPath
from handlers.openapi.contracts import DOCUMENTED, Contract
from handlers.openapi.document import document
from handlers.openapi.paths import documented_path, templates_of

each_contract = pytest.mark.parametrize("contract", DOCUMENTED, ids=lambda each: each.name)
SAMPLES = ("7", f"ep_{24 * '7'}", f"msg_{32 * '7'}")


def made(contract: Contract) -> dict[str, Any]:
    return document(contract, "http://localhost")


@each_contract
def test_a_document_is_an_openapi_document(contract: Contract) -> None:
    schemathesis.openapi.from_dict(made(contract)).validate()


@each_contract
def test_a_document_has_every_route_and_method_and_none_besides(contract: Contract) -> None:
    routes = {
        (template, method)
        for pattern, handler in contract.routes
        if not issubclass(handler, (UnknownPath, WebSocketHandler))
        for template in templates_of(pattern, handler)
        for method in served_methods(handler)
    }
    paths = made(contract)["paths"]
    told = {(path, method) for path, item in paths.items() for method in item if method != "parameters"}
    assert told == routes


@each_contract
def test_a_path_is_what_its_route_matches(contract: Contract) -> None:
    for pattern, handler in contract.routes:
        if issubclass(handler, (UnknownPath, WebSocketHandler)):
            continue
        for template in templates_of(pattern, handler):
            item = made(contract)["paths"][template]
            path = template
            for parameter in item.get("parameters", ()):
                form = parameter["schema"].get("pattern", "7")
                sample = next(each for each in SAMPLES if re.fullmatch(form, each))
                path = path.replace(f"{{{parameter['name']}}}", sample)
            assert re.fullmatch(pattern, path), (template, pattern)
            beginning = re.split("[:<{]", documented_path(handler))[0]
            assert template.removeprefix("/v2").startswith(beginning), (template, handler.__doc__)


@each_contract
def test_every_operation_says_in_a_sentence_what_it_does(contract: Contract) -> None:
    for path, item in made(contract)["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert operation["summary"], (path, method)


@each_contract
def test_every_schema_can_be_read(contract: Contract) -> None:
    whole = made(contract)
    for name in whole["components"]["schemas"]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
        jsonschema_rs.Draft202012Validator(schema)
