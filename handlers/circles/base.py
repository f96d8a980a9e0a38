"""The base of this contract's handlers: parameters from wherever they come, the envelope, and always HTTP 200."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema
from tornado.web import HTTPError

from handlers.base import Handler, UnknownPath
from handlers.bodies import FORMS, FieldErrors, Malformed
from handlers.circles.dialect import DIALECT, label
from handlers.circles.fields import BLANK, Section
from handlers.circles.parameters import nested
from thserver.domain.errors import Refusal, Throttled, Unavailable


class CirclesHandler(Handler):
    dialect = DIALECT
    # What the route says when a field is wrong.
    failure: ClassVar[str | None] = None

    def parameters(self) -> dict[str, Any]:
        """Query and body together; where both have a value the body's counts. Raises Malformed."""
        query = {
            name: [self.decode_query(value) for value in values]
            for name, values in self.request.query_arguments.items()
        }
        return {**nested(query), **self.raw_body()}

    def raw_body(self) -> dict[str, Any]:
        if self.media_type not in FORMS:
            return super().raw_body()
        return nested(
            {
                name: [self.decode_query(value) for value in values]
                for name, values in self.request.body_arguments.items()
            }
        )

    def read(self, schema: Schema | None = None) -> dict[str, Any]:
        schema = schema or self.described.body_reader
        if self.described.under is not None:
            return self.section(self.described.under, schema)
        return self.load(schema, self.parameters())

    def read_query(self, schema: Schema | None = None) -> dict[str, Any]:
        return self.load(schema or self.described.query_reader, self.parameters())

    def section(self, name: str, schema: Schema) -> dict[str, Any]:
        """The object under this name, as arguments. Raises Malformed or FieldErrors."""
        part = self.parameters().get(name)
        if part is None:
            part = {}
        if not isinstance(part, dict):
            raise Malformed
        return self.load(schema, part)

    def load(self, schema: Schema, raw: Any) -> dict[str, Any]:
        try:
            return super().load(schema, raw)
        except FieldErrors as found:
            raise FieldErrors(worded(schema, found)) from found

    def done(self, message: str, **more: Any) -> None:
        self.reply({"http_status_code": 200, "message": message, **more})

    def reply(self, body: Any = None, *, status: int = 200) -> None:
        """The document's clients look into the envelope only."""
        super().reply(body, status=200)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if not isinstance(error, Refusal):
            super().write_error(status_code, **kwargs)
            return
        if isinstance(error, (Throttled, Unavailable)):
            self.set_header("Retry-After", str(error.retry_after))
        self.reply(self.dialect.envelope(error, failure=self.failure))


def worded(schema: Schema, found: FieldErrors) -> dict[str, list[str]]:
    """Whole sentences: `First name can't be blank`, in the words of the section."""
    blank = schema.blank if isinstance(schema, Section) else BLANK
    return {
        field: [f"{label(field)} {blank if said == BLANK else said}" for said in all_said]
        for field, all_said in found.messages.items()
    }


class UnknownEndpoint(CirclesHandler, UnknownPath):
    """Everything under the prefix that is no endpoint."""

    def prepare(self) -> None:
        raise HTTPError(404)
