"""Methods that a path does not have are refused as each contract refuses, and the answer says which it has."""

from __future__ import annotations

import re

import pytest

from handlers.access import METHODS
from handlers.openapi.contracts import CONTRACTS, Contract
from handlers.openapi.document import document
from tests.clients.http import Api

SCHEMES = {"experts": "Bearer x", "gatherings": "Token x"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.name)
async def test_a_method_that_is_not_described_is_refused(api: Api, contract: Contract) -> None:
    for template, item in document(contract, "http://localhost")["paths"].items():
        path = re.sub(r"{\w+}", "7", template)
        absent = next(name for name in METHODS if name not in item)
        answer = await api(absent.upper(), path, token=SCHEMES.get(contract.name, "x"))
        if contract.name == "circles":
            assert (answer.status, answer.body["error"]["code"]) == (200, "ENDPOINT_NOT_EXISTS"), path
        else:
            assert answer.status == 405, path
        served = {name.strip().lower() for name in answer.headers["Allow"].split(",")}
        assert served - {"head", "options"} == {name for name in item if name in METHODS}, path
