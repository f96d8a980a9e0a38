"""Schemathesis makes requests of each contract's OpenAPI document, right ones and wrong ones: every answer is as described.

SCHEMATHESIS_EXAMPLES says how many it makes of each operation; the default is for every day, 200 for an evening.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from handlers.openapi.contracts import DOCUMENTED, Contract
from handlers.openapi.document import document
from tests.makers import make_person
from tests.service_in_thread import ServiceInThread, service_in_thread
from thserver.domain.errors import BadToken
from thserver.domain.people import Person
from thserver.services import example_people as cast

EVERY_DAY = 3
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", str(EVERY_DAY)))
# Who asks: somebody with something booked in this contract.
WHO = {
    "heroes": cast.HERO,
    "mentors": cast.MENTOR,
    "experts": cast.EXPERT,
    "circles": cast.HOLDER,
    "gatherings": cast.KING,
    "webhooks": cast.HERO,
}
# Would have the service tell strangers of what happens.
TOO_FAR: dict[str, Any] = {"method": "POST", "path": "/webhooks/endpoints"}
# After these the one who asked is no more; asked by a new person each time.
LAST_WORDS = ("close_account", "DELETE /api/account/")
TEXTS = [
    cast.HERO.email,
    cast.CALLER.phone,
    cast.PASSWORD,
    "America/Chicago",
    "https://example.com/cam",
    "pm_card_visa",
    "2099-01-01T10:00:00Z",
    "2099-01-01",
    "00000",
    "4f7k2a",
    "",
    " ",
    "true",
    "7",
]
# What the service rejects and accepts is a matter of its own tests: it trims, ignores unknown keys, takes numbers as text.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
# Where a wrong method is told in the body, as tests/handlers/openapi/test_methods.py knows.
ABOUT_METHODS = {"unsupported_method", "allow_header_conformance"}
OTHER_CHECKS = (
    "positive_data_acceptance",
    "negative_data_rejection",
    "use_after_free",
    "ensure_resource_availability",
    "missing_required_header",
    "ignored_auth",
    "object_level_authorization",
)


@pytest.fixture(scope="module")
def service(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceInThread]:
    with service_in_thread(mongo_uri, tmp_path_factory.mktemp("service")) as service:
        service.do(service.services.people.make_staff(cast.HERO.email))
        yield service


def header(contract: Contract, token: str) -> tuple[str, str]:
    """The header that says who is signed in."""
    if contract.security["type"] == "http":
        return "Authorization", f"Bearer {token}"
    name, _, form = contract.security["description"].strip("`").partition(": ")
    return name, form.replace("<token>", token)


def signed_in(service: ServiceInThread, contract: Contract, person: Person) -> type[Any]:
    """Signs in anew when a request has ended the sign-in. Many requests are made up before the first of them is sent, and
    nobody is signed in that often at once."""

    class SignedIn:
        kept: str | None = None

        def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
            if any(words in case.operation.label for words in LAST_WORDS):
                return service.do(token(service, contract, None))
            if self.kept is None or not service.do(is_good(service, self.kept)):
                self.kept = service.do(token(service, contract, person))
            return self.kept

        def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
            name, value = header(contract, data)
            case.headers[name] = value

    return SignedIn


async def is_good(service: ServiceInThread, token: str) -> bool:
    try:
        await service.services.sign_in.who(token)
    except BadToken:
        return False
    return True


async def token(service: ServiceInThread, contract: Contract, person: Person | None) -> str:
    """None is somebody new."""
    person = person or await make_person(service.services)
    return await service.services.sign_in.give_token(person.id, contract.name)


def config(url: str, contract: Contract) -> schemathesis.Config:
    unfit = ABOUT_METHODS if contract.name == "circles" else set()
    return schemathesis.Config.from_dict(
        {
            "base-url": url,
            "seed": 20260302,
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "generation": {
                "mode": "all",
                "max-examples": EXAMPLES,
                "no-shrink": True,
                "deterministic": True,
                "database": "none",
                "with-security-parameters": False,
                "dictionaries": {
                    "integer": {"dictionary": "numbers", "probability": 0.4},
                    "string": {"dictionary": "texts", "probability": 0.3},
                },
            },
            # What means something to this service: without it most requests would end at the first check.
            "dictionaries": {
                "numbers": {"values": list(range(1, 31))},
                "texts": {"values": TEXTS},
            },
            # Each limit of each value in turn: many requests, so not every day.
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": EXAMPLES > EVERY_DAY}},
            "checks": {
                **{name: {"enabled": name not in unfit} for name in CHECKS},
                **{name: {"enabled": False} for name in OTHER_CHECKS},
            },
            "request-timeout": 20.0,
        }
    )


def probe(
    service: ServiceInThread, contract: Contract, whole: dict[str, Any]
) -> tuple[list[str], Counter[int]]:
    """What is not as described, and how often which status was answered."""
    schema = schemathesis.openapi.from_dict(whole, config=config(service.url, contract)).exclude(**TOO_FAR)
    person = service.examples.people[WHO[contract.name].key]
    schema.auth(refresh_interval=None)(signed_in(service, contract, person))
    problems: list[str] = []
    answered: Counter[int] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            exchanged = event.recorder.interactions.values()
            answered.update(each.response.status_code for each in exchanged if each.response)
            problems += failures(event)
        elif isinstance(event, NonFatalError):
            problems.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, FatalError):
            raise event.exception
    return list(dict.fromkeys(problems)), answered


def failures(event: ScenarioFinished) -> list[str]:
    return [
        f"{event.label}: {check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]


@pytest.mark.parametrize("contract", DOCUMENTED, ids=lambda each: each.name)
def test_every_answer_is_as_described(service: ServiceInThread, contract: Contract) -> None:
    problems, answered = probe(service, contract, document(contract, service.url))
    assert not problems, "\n\n".join(problems)
    assert answered[200], answered


def test_an_answer_that_is_not_as_described_is_found(service: ServiceInThread) -> None:
    contract = next(each for each in DOCUMENTED if each.name == "gatherings")
    whole = copy.deepcopy(document(contract, service.url))
    whole["paths"] = {"/api/account/": whole["paths"]["/api/account/"]}
    whole["components"]["schemas"]["Account"]["required"].append("fax")
    problems, _ = probe(service, contract, whole)
    assert any("fax" in problem for problem in problems)
