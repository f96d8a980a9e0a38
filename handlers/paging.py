"""Numbered pages: `?page=` and `?page_size=`, answered with count, next, previous and results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tornado.httputil import HTTPServerRequest

from handlers.fields import Body, WholeNumber
from thserver.domain.errors import NotFound

LARGEST_PAGE = 100
LAST_PAGE = 100_000


class PageQuery(Body):
    page = WholeNumber(least=1, most=LAST_PAGE, load_default=1)
    page_size = WholeNumber(least=1, most=LARGEST_PAGE, load_default=10)


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int

    @property
    def skip(self) -> int:
        return (self.number - 1) * self.size

    def answer(
        self, request: HTTPServerRequest, base_url: str, count: int, results: list[Any]
    ) -> dict[str, Any]:
        """The page's body; NotFound for a page behind the last one, as there is none such."""
        if self.number > 1 and self.skip >= count:
            raise NotFound
        return {
            "count": count,
            "next": self._link(request, base_url, self.number + 1) if self.skip + self.size < count else None,
            "previous": self._link(request, base_url, self.number - 1) if self.number > 1 else None,
            "results": results,
        }

    def _link(self, request: HTTPServerRequest, base_url: str, number: int) -> str:
        query = {
            name: values[-1].decode("utf-8", "replace")
            for name, values in request.query_arguments.items()
            if name != "page"
        }
        return f"{base_url}{request.path}?{urlencode({**query, 'page': number})}"
