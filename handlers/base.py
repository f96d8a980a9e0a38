"""The base of every handler: reading bodies strictly, replying, and wording refusals in the contract's dialect.

A handler method is three lines: read, ask, reply. Business is in services, words are in the dialects.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from marshmallow import Schema, ValidationError
from tornado.web import HTTPError, RequestHandler

from handlers.access import served_methods
from handlers.bodies import (
    FORMS,
    MAX_BODY,
    MULTIPART,
    FieldErrors,
    Malformed,
    TooLarge,
    UnsupportedMedia,
    strict_object,
)
from handlers.descriptions import Description, description_of
from handlers.dialect import Dialect
from thserver.domain.errors import Refusal, Throttled, Unavailable
from thserver.domain.people import Person
from thserver.logs import shown_path

if TYPE_CHECKING:
    from thserver.services.all import Services

log = logging.getLogger("thserver.http")


class Handler(RequestHandler):
    """Base of all HTTP handlers. `person` is who calls, where the access mark asked for it."""

    dialect: ClassVar[Dialect] = Dialect()
    max_body: ClassVar[int] = MAX_BODY
    person: Person | None = None
    token: str | None = None

    def initialize(self) -> None:
        # Media types have no case, but the framework reads forms in lower case only, and would find this one empty.
        given = self.request.headers.get("Content-Type", "")
        kind, semicolon, options = given.partition(";")
        if kind.lower() != kind:
            self.request.headers["Content-Type"] = kind.lower() + semicolon + options

    @property
    def media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def services(self) -> Services:
        services: Services = self.application.settings["services"]
        return services

    @property
    def me(self) -> Person:
        """Who is signed in; only where the access mark made sure that somebody is."""
        assert self.person is not None
        return self.person

    @property
    def address(self) -> str:
        """The caller's network address; a header is believed only from a trusted proxy."""
        return self.request.remote_ip or ""

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        # Only an upload may be larger than what is parsed.
        limit = self.max_body if self.media_type == MULTIPART else min(self.max_body, MAX_BODY)
        if len(self.request.body) > limit:
            raise TooLarge

    async def admitted(self) -> None:
        """Overridden where something is to be done as soon as it is known who calls: counting, for limits."""

    async def check_signature(self) -> None:
        """Overridden where another company posts to us."""
        raise NotImplementedError

    async def check_console(self) -> None:
        """Overridden by the pages for staff."""
        raise NotImplementedError

    async def head(self, *args: str, **kwargs: str) -> None:
        """Every GET answers HEAD too; Tornado leaves the body out."""
        get: Any = self.get
        await get(*args, **kwargs)

    def options(self, *args: str, **kwargs: str) -> None:
        """CORS: tokens travel in a header, never in a cookie, so any page may ask."""
        self.set_header("Allow", self.allowed)
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
        self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Access-Token, Accept")
        self.set_header("Access-Control-Max-Age", "86400")
        self.set_status(204)

    @property
    def allowed(self) -> str:
        """The methods that this path answers, as the header Allow has them."""
        served = [name.upper() for name in served_methods(type(self))]
        return ", ".join([*served, *(["HEAD"] if "GET" in served else []), "OPTIONS"])

    @property
    def described(self) -> Description:
        """What the method that is asked for says of itself."""
        description = description_of(self, self.request.method or "")
        assert description is not None, "the method has no description to read by"
        return description

    def read(self, schema: Schema | None = None) -> dict[str, Any]:
        """The request's body as arguments for a service, by the method's description unless a schema is given.
        Raises Malformed, UnsupportedMedia or FieldErrors."""
        return self.load(schema or self.described.body_reader, self.raw_body())

    def read_query(self, schema: Schema | None = None) -> dict[str, Any]:
        return self.load(
            schema or self.described.query_reader,
            {name: self.decode_query(values[-1]) for name, values in self.request.query_arguments.items()},
        )

    def load(self, schema: Schema, raw: Mapping[str, Any]) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = schema.load(raw)
        except ValidationError as error:
            raise FieldErrors(error.normalized_messages()) from error
        return loaded

    def raw_body(self) -> dict[str, Any]:
        """The body as sent: a JSON object, or a form's last values. An empty body is an empty object."""
        if self.media_type in FORMS:
            return {
                name: self.decode_query(values[-1]) for name, values in self.request.body_arguments.items()
            }
        if not self.request.body:
            return {}
        # Clients written against the documents send JSON under whatever name ("json", none at all).
        if self.media_type in ("text/xml", "application/xml"):
            raise UnsupportedMedia
        return strict_object(self.request.body)

    @staticmethod
    def decode_query(value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise Malformed from error

    def reply(self, body: Any = None, *, status: int = 200) -> None:
        self.set_status(status)
        if status == 204:
            self.clear_header("Content-Type")
            self.finish()
            return
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(orjson.dumps(body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        # May run before prepare(), so nothing here asks who is calling.
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Refusal):
            status, body = self.dialect.refusal(error)
            if isinstance(error, (Throttled, Unavailable)):
                self.set_header("Retry-After", str(error.retry_after))
        else:
            if status_code == 405:
                self.set_header("Allow", self.allowed)
            reason = (
                self.dialect.method_not_allowed.format(method=self.request.method)
                if status_code == 405
                else self._reason
            )
            if status_code == 404:
                reason = self.dialect.not_found
            status, body = self.dialect.http_error(status_code, reason)
        self.reply(body, status=status)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        path = shown_path(self.request.path)
        if isinstance(value, Unavailable):
            log.warning("%s %s: %s", self.request.method, path, value)
        elif isinstance(value, (Refusal, HTTPError)):
            log.debug("%s %s refused: %s", self.request.method, path, type(value).__name__)
        else:
            log.error("%s %s failed", self.request.method, path, exc_info=(typ, value, tb))

    def compute_etag(self) -> None:
        """Answers are per person and not to be cached; hashing every body would be work for nothing."""


class UnknownPath(Handler):
    """The 404 that ends each contract's prefix, in its own shape."""

    def prepare(self) -> None:
        raise HTTPError(404)


def unknown_path(dialect_: Dialect) -> type[UnknownPath]:
    return type("UnknownPath", (UnknownPath,), {"dialect": dialect_})
