"""The base of every handler: reading bodies strictly, replying, and wording refusals in the contract's dialect.

A handler method is three lines: read, ask, reply. Business is in services, words are in the dialects.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from marshmallow import Schema, ValidationError
from tornado.web import HTTPError, RequestHandler

from handlers.access import served_methods
from handlers.descriptions import Description, description_of
from thserver.domain.errors import Invalid, Refusal, Throttled, Unavailable
from thserver.domain.people import Person
from thserver.logs import shown_path

if TYPE_CHECKING:
    from thserver.services.all import Services

log = logging.getLogger("thserver.http")

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 10 * 1024 * 1024
MULTIPART = "multipart/form-data"
FORMS = ("application/x-www-form-urlencoded", MULTIPART)


class Malformed(Refusal):
    """The body is not what it says it is: bad JSON, a list where an object is due, bad form encoding."""

    code = "malformed"


class TooLarge(Refusal):
    """The body is larger than this route takes."""

    code = "too_large"


class UnsupportedMedia(Refusal):
    """A body of a kind that no route reads."""

    code = "unsupported_media"


class FieldErrors(Refusal):
    """What a schema found wrong, already in the wire's field names and words: {field: [sentence, …]}."""

    code = "field_errors"

    def __init__(self, messages: dict[str, Any]) -> None:
        self.messages = messages
        super().__init__(messages)


def strict_object(text: bytes) -> dict[str, Any]:
    """A JSON object: UTF-8, finite numbers, no lone surrogates, no key twice. Raises Malformed."""
    try:
        body = orjson.loads(text)
        # orjson is strict but for repeated keys, of which it keeps the last.
        json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(body, dict):
        raise Malformed
    return body


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def one_sentence(key: str) -> dict[str, Any]:
    """The JSON schema of an object with a sentence under this key."""
    return {
        "type": "object",
        "properties": {key: {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }


FIELD_ERRORS = {
    "description": "What is wrong, field by field.",
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "minProperties": 1,
}


class Dialect:
    """How a contract words what went wrong. One instance per contract; see each `dialect.py`."""

    name: ClassVar[str] = "general"
    # By the class of the refusal, the nearest base class winning: (status, sentence).
    words: ClassVar[Mapping[type[Refusal], tuple[int, str]]] = {}
    # Sentences for the codes in Invalid, and the wire's names for our fields.
    problems: ClassVar[Mapping[str, str]] = {}
    field_names: ClassVar[Mapping[str, str]] = {}
    not_found: ClassVar[str] = "Not found."
    method_not_allowed: ClassVar[str] = 'Method "{method}" not allowed.'
    # The forms of what is said of refusals, as JSON schema.
    shapes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Refusal": one_sentence("detail"),
        "FieldErrors": FIELD_ERRORS,
    }

    def status_and_sentence(self, refusal: Refusal) -> tuple[int, str]:
        return self.word(type(refusal))

    def word(self, kind: type[Refusal]) -> tuple[int, str]:
        for base in kind.__mro__:
            if base in self.words:
                return self.words[base]
        raise LookupError(f"{self.name} has no word for {kind.code}")

    def http_status(self, kind: type[Refusal]) -> int:
        return self.word(kind)[0]

    def told(self, kind: type[Refusal]) -> str:
        """What a document says of such a refusal."""
        return self.word(kind)[1]

    def shape(self, kind: type[Refusal]) -> str:
        """The name of the form, one of `shapes`, that the body for such a refusal has."""
        return "FieldErrors" if issubclass(kind, (FieldErrors, Invalid)) else "Refusal"

    def field_messages(self, refusal: Invalid) -> dict[str, list[str]]:
        return {
            self.field_names.get(field, field): [self.problems[problem]]
            for field, problem in refusal.problems.items()
        }

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        """The HTTP status and the body for a refusal."""
        status, sentence = self.status_and_sentence(refusal)
        if isinstance(refusal, FieldErrors):
            return status, refusal.messages
        if isinstance(refusal, Invalid):
            return status, self.field_messages(refusal)
        return status, {"detail": sentence}

    def http_error(self, status: int, reason: str) -> tuple[int, Any]:
        """The HTTP status and the body for what the framework refuses: unknown path, wrong method, our own bugs."""
        return status, {"detail": reason}


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
        await self.get(*args, **kwargs)  # type: ignore[misc]

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
