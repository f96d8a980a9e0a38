"""`/api/meetings…` is in two documents: the scheme of the Authorization header says whose it is, for each request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches

from handlers import bodies
from handlers.access import anyone
from handlers.base import Handler
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.domain.errors import NotSignedIn, Refusal


class ForScheme(PathMatches):
    """Matches a path for those who sign in with this scheme only."""

    def __init__(self, scheme: str, pattern: str) -> None:
        super().__init__(pattern)
        self.scheme = scheme.lower()

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        given = request.headers.get("Authorization", "").strip().partition(" ")[0]
        return super().match(request) if given.lower() == self.scheme else None


def for_scheme(
    scheme: str, routes: Iterable[tuple[str, type[Handler]]]
) -> list[tuple[ForScheme, type[Handler]]]:
    return [(ForScheme(scheme, pattern), handler) for pattern, handler in routes]


class BothDialects(Dialect):
    """What clients of both contracts understand."""

    name = "meetings"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Authentication credentials were not provided."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.TooLarge: (413, "The request is too large."),
    }

    shapes = {
        "RefusalWithoutScheme": {
            "description": "Where the sign-in has no scheme, nobody knows which contract is meant.",
            "type": "object",
            "properties": {"detail": {"type": "string"}, "error": {"type": "string"}},
            "required": ["detail", "error"],
            "additionalProperties": False,
        }
    }

    def shape(self, kind: type[Refusal]) -> str:
        return "RefusalWithoutScheme"

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        status, sentence = self.status_and_sentence(refusal)
        return status, {"detail": sentence, "error": sentence}

    def http_error(self, status: int, reason: str) -> tuple[int, Any]:
        return status, {"detail": reason, "error": reason}


class WithoutScheme(Handler):
    """/api/meetings… without a word on which contract is spoken"""

    dialect = BothDialects()

    @anyone
    async def get(self) -> None:
        raise NotSignedIn

    post = put = patch = delete = get

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if isinstance(kwargs.get("exc_info", (None, None))[1], NotSignedIn):
            self.set_header("WWW-Authenticate", "Token, Bearer")
        super().write_error(status_code, **kwargs)


PREFIX = "/api/meetings"
ROUTES: list[tuple[str, type[Handler]]] = [(rf"{PREFIX}(?:/.*)?", WithoutScheme)]
