"""`/docs`: the documents and the pages that show them."""

from __future__ import annotations

import re

import pytest

from handlers.openapi.contracts import DOCUMENTED
from handlers.openapi.document import document
from tests.clients.http import Api

each_name = pytest.mark.parametrize("name", [contract.name for contract in DOCUMENTED])


async def test_every_contract_is_listed(api: Api) -> None:
    answer = await api("GET", "/docs")
    assert answer.status == 200
    for contract in DOCUMENTED:
        assert f'href="/docs/{contract.name}"'.encode() in answer.raw


@each_name
async def test_a_document_is_served_to_everybody(api: Api, base_url: str, name: str) -> None:
    answer = await api("GET", f"/docs/{name}.json")
    assert answer.status == 200
    assert answer.body["openapi"] == "3.1.0"
    assert answer.body["servers"] == [{"url": base_url}]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@each_name
async def test_a_page_shows_every_operation_of_its_document(api: Api, base_url: str, name: str) -> None:
    answer = await api("GET", f"/docs/{name}")
    assert answer.status == 200
    shown = re.findall(r'<details[^>]* id="(\w+)"', answer.raw.decode())
    contract = next(each for each in DOCUMENTED if each.name == name)
    told = [
        operation["operationId"]
        for item in document(contract, base_url)["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert sorted(shown) == sorted(told)


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/nothing.json"])
async def test_there_is_no_page_for_what_is_no_contract(api: Api, path: str) -> None:
    assert (await api("GET", path)).status == 404
