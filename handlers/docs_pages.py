"""`/docs`: the contracts' OpenAPI documents, as JSON for tools and as pages for people. Both are for everybody."""

from __future__ import annotations

import re

import orjson
from markupsafe import Markup, escape

from handlers.access import anyone
from handlers.base import Handler
from handlers.console.base import ConsolePage
from handlers.console.dialect import DIALECT
from handlers.openapi.contracts import DOCUMENTED, Contract, contract_named
from handlers.openapi.document import document
from handlers.openapi.reading import page_of
from thserver.domain.errors import NotFound

CODE = re.compile(r"`([^`]*)`")
STRONG = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*")


def found(name: str) -> Contract:
    contract = contract_named(name)
    if contract is None:
        raise NotFound
    return contract


def marked(text: str) -> Markup:
    """The little Markdown that the documents have: `code` and *words*."""
    return Markup(STRONG.sub(r"<em>\1</em>", CODE.sub(r"<code>\1</code>", str(escape(text)))))


class DocumentJson(Handler):
    """/docs/:contract.json"""

    dialect = DIALECT

    @anyone
    async def get(self, name: str) -> None:
        whole = document(found(name), self.settings["base_url"])
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(orjson.dumps(whole))


class Contracts(ConsolePage):
    """/docs"""

    @anyone
    async def get(self) -> None:
        self.show("docs.html", contracts=DOCUMENTED)


class ContractPage(ConsolePage):
    """/docs/:contract"""

    @anyone
    async def get(self, name: str) -> None:
        contract = found(name)
        page = page_of(contract, self.settings["base_url"])
        self.show("docs_contract.html", contract=contract, page=page, marked=marked)


ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/docs/?", Contracts),
    (r"/docs/([a-z]+)\.json", DocumentJson),
    (r"/docs/([a-z]+)/?", ContractPage),
]
