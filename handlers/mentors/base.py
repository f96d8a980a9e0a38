"""The base of this contract's handlers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from handlers.base import Handler
from handlers.fields import Body, WholeNumber
from handlers.mentors.dialect import DIALECT
from handlers.paging import LAST_PAGE, Page
from thserver.domain.errors import NotSignedIn
from thserver.domain.mentors import LIST_SIZE

V2_HEADER = re.compile(r"""\bversion\s*=\s*["']?v2\b""", re.IGNORECASE)
# Moments go out in UTC, in whole seconds, with a `Z`.
AS_DOCUMENTED = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


class ListQuery(Body):
    """The document's lists are whole; these bound them, for whoever has very many."""

    number = WholeNumber(least=1, most=LAST_PAGE, load_default=1, data_key="page")
    size = WholeNumber(least=1, most=LIST_SIZE, load_default=LIST_SIZE, data_key="page_size")


class MentorsHandler(Handler):
    dialect = DIALECT
    # Form fields that may come several times.
    lists: Sequence[str] = ()

    @property
    def wants_v2(self) -> bool:
        """Asked for by the path or by `version=v2` in Accept."""
        return self.request.path.startswith("/v2/") or bool(
            V2_HEADER.search(self.request.headers.get("Accept", ""))
        )

    def page(self) -> Page:
        """Which part of a list is asked for; the method's description has ListQuery."""
        return Page(**self.read_query())

    def raw_body(self) -> dict[str, Any]:
        body = super().raw_body()
        for name in self.lists:
            values = self.request.body_arguments.get(name, [])
            if len(values) > 1:
                body[name] = [self.decode_query(value) for value in values]
        return body

    def reply(self, body: Any = None, *, status: int = 200) -> None:
        if status == 204:
            super().reply(status=status)
            return
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(orjson.dumps(body, option=AS_DOCUMENTED))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if isinstance(kwargs.get("exc_info", (None, None))[1], NotSignedIn):
            self.set_header("WWW-Authenticate", "Token")
        super().write_error(status_code, **kwargs)
