"""A contract's OpenAPI document, made at its first request."""

from __future__ import annotations

import functools
import http.client
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from apispec import APISpec

from handlers import bodies
from handlers.access import served_methods
from handlers.base import Handler
from handlers.descriptions import Content, Description, description_of
from handlers.dialect import Dialect
from handlers.openapi.contracts import COMMON, Contract
from handlers.openapi.paths import (
    is_endpoint,
    more_than_the_path,
    parameters_of,
    templates_of,
)
from handlers.openapi.schemas import plugin, schema_of
from thserver.domain import errors
from thserver.domain.errors import Refusal

OPENAPI = "3.1.0"
JSON, MULTIPART = "application/json", "multipart/form-data"
SIGN_IN = "token"
ANYWHERE = (bodies.Malformed, bodies.TooLarge, errors.Unavailable)
BY_ACCESS: dict[str, tuple[type[Refusal], ...]] = {
    "anyone": (),
    "signed_in": (errors.NotSignedIn, errors.BadToken),
    "staff": (errors.NotSignedIn, errors.BadToken, errors.NotAllowed),
}
RETRY_AFTER = {"description": "Seconds until a further try makes sense.", "schema": {"type": "string"}}


@dataclass(frozen=True)
class Endpoint:
    """One method of one handler under one path."""

    contract: Contract
    template: str
    pattern: str
    handler: type[Handler]
    method: str
    description: Description
    # Whether another path of the same route comes first.
    is_variant: bool

    @property
    def section(self) -> str:
        """The handler's module, or its package where the contract's own is another one."""
        *_, package, module = self.handler.__module__.split(".")
        return module if package in (self.contract.name, "handlers") else package

    @property
    def access(self) -> str:
        access: str = getattr(self.handler, self.method).access
        return access


def endpoints_of(contract: Contract) -> Iterator[Endpoint]:
    for pattern, handler in contract.routes:
        if not is_endpoint(handler):
            continue
        for index, template in enumerate(templates_of(pattern, handler)):
            for method in served_methods(handler):
                description = description_of(handler, method)
                if description is not None:
                    yield Endpoint(
                        contract, template, pattern, handler, method, description, is_variant=index > 0
                    )


@functools.cache
def document(contract: Contract, base_url: str) -> dict[str, Any]:
    """The whole document; the same object at each call."""
    spec = APISpec(
        title=contract.title,
        version=version("thserver"),
        openapi_version=OPENAPI,
        plugins=[plugin()],
        info={"description": f"{contract.about}\n\n{COMMON}"},
        servers=[{"url": base_url}],
    )
    spec.components.security_scheme(SIGN_IN, dict(contract.security))
    for dialect in (contract.dialect, *(contract.shared[1:] if contract.shared else ())):
        for name, schema in dialect.shapes.items():
            spec.components.schema(name, component=dict(schema))
    operations: dict[str, dict[str, Any]] = defaultdict(dict)
    parameters: dict[str, list[dict[str, Any]]] = {}
    for endpoint in endpoints_of(contract):
        operations[endpoint.template][endpoint.method] = _operation(contract, endpoint)
        parameters[endpoint.template] = parameters_of(endpoint.pattern, endpoint.handler)
    for template, its_operations in operations.items():
        spec.path(path=template, operations=its_operations, parameters=parameters[template])
    return spec.to_dict()


def _operation(contract: Contract, endpoint: Endpoint) -> dict[str, Any]:
    description = endpoint.description
    doc = " ".join((getattr(endpoint.handler, endpoint.method).__doc__ or "").split())
    doc = doc or more_than_the_path(endpoint.handler)
    summary = re.split(r"(?<=[.;:]) ", doc, maxsplit=1)[0].rstrip(".;:")
    variant = "v2_" if endpoint.is_variant else ""
    operation: dict[str, Any] = {
        "operationId": f"{variant}{endpoint.section}_{endpoint.handler.__name__}_{endpoint.method}",
        "tags": [endpoint.section.replace("_", " ")],
        "summary": summary,
        **({"description": doc} if len(doc) > len(summary) + 1 else {}),
        "responses": _by_status(contract, endpoint.description.answers, _refusals(endpoint)),
    }
    if contract.shared is not None and endpoint.template.startswith(contract.shared[0]):
        _add_shared(operation["responses"], contract.shared[1])
    if description.query is not None:
        operation["parameters"] = [{"in": "query", "schema": description.query}]
    if description.body is not None:
        needed = any(field.required for field in description.body_reader.fields.values())
        operation["requestBody"] = {
            "required": needed or any((description.files or {}).values()),
            "content": _request(description),
        }
    if BY_ACCESS[endpoint.access]:
        operation["security"] = [{SIGN_IN: []}]
    return operation


def _request(description: Description) -> dict[str, Any]:
    schema: Any = description.body
    if description.under is not None:
        schema = {
            "type": "object",
            "properties": {description.under: schema},
            "required": [description.under],
        }
    found: dict[str, Any] = {} if description.only_form else {JSON: {"schema": schema}}
    if description.files:
        files = {
            "type": "object",
            "properties": {
                name: {"type": "string", "contentMediaType": "application/octet-stream"}
                for name in description.files
            },
            "required": [name for name, must in description.files.items() if must],
        }
        found[MULTIPART] = {"schema": {"allOf": [description.form or description.body, files]}}
    return found


def anywhere_of(contract: Contract) -> dict[str, Any]:
    """What may come of any request, by status."""
    return _by_status(contract, {}, ANYWHERE)


def _by_status(
    contract: Contract, answers: Mapping[int, Content], refusals: Iterable[type[Refusal]]
) -> dict[str, Any]:
    """What is answered, and what is refused in the form that the dialect gives it."""
    dialect = contract.dialect
    schemas: dict[int, list[Any]] = defaultdict(list)
    said: dict[int, list[str]] = defaultdict(list)
    for status, answer in answers.items():
        said[status].append(f"{http.client.responses[status]}.")
        if answer is not None:
            schemas[status].append(schema_of(answer))
    for kind in (*refusals, *contract.refuses):
        status, sentence = dialect.http_status(kind), dialect.told(kind)
        if sentence not in said[status]:
            said[status].append(sentence)
        reference = {"$ref": f"#/components/schemas/{dialect.shape(kind)}"}
        if reference not in schemas[status]:
            schemas[status].append(reference)
    return {
        str(status): _response(contract, status, sentences, schemas[status])
        for status, sentences in sorted(said.items())
    }


def _add_shared(responses: dict[str, Any], dialect: Dialect) -> None:
    """What is answered to whoever does not say which contract he means."""
    content = responses[str(dialect.http_status(errors.NotSignedIn))]["content"][JSON]
    shape = {"$ref": f"#/components/schemas/{dialect.shape(errors.NotSignedIn)}"}
    content["schema"] = {"anyOf": [content["schema"], shape]}


def _response(contract: Contract, status: int, sentences: list[str], schemas: list[Any]) -> dict[str, Any]:
    headers = {name: dict(header) for name, header in contract.headers.items()}
    if status in (429, 503):
        headers["Retry-After"] = RETRY_AFTER
    response: dict[str, Any] = {"description": " · ".join(sentences)}
    if headers:
        response["headers"] = headers
    if schemas:
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        response["content"] = {JSON: {"schema": schema}}
    return response


def _refusals(endpoint: Endpoint) -> Iterator[type[Refusal]]:
    description = endpoint.description
    yield from ANYWHERE
    yield from BY_ACCESS[endpoint.access]
    if description.body is not None:
        yield bodies.UnsupportedMedia
    if description.body is not None or description.query is not None:
        yield bodies.FieldErrors
    if "{" in endpoint.template:
        yield errors.NotFound
    yield from description.refuses
