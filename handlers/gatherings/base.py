"""The base of this contract's handlers: bodies as JSON, form or multipart, with lists and pictures."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from handlers.base import Handler
from handlers.bodies import FORMS, MAX_UPLOAD, FieldErrors
from handlers.gatherings.dialect import DIALECT, INVALID_IMAGE, NO_FILE
from handlers.gatherings.lists import lists_in
from thserver.domain.errors import Invalid, NotSignedIn
from thserver.domain.media import Picture

# What a form may carry beside its picture.
MARGIN = 64 * 1024


class GatheringsHandler(Handler):
    dialect = DIALECT

    def read(self, schema: Schema | None = None) -> dict[str, Any]:
        schema = schema or self.described.body_reader
        raw = self.raw_body()
        if self.media_type in FORMS:
            raw |= lists_in(schema, self.request.body_arguments, self.decode_query)
        return self.load(schema, raw)

    def read_query(self, schema: Schema | None = None) -> dict[str, Any]:
        schema = schema or self.described.query_reader
        arguments = self.request.query_arguments
        raw = {name: self.decode_query(values[-1]) for name, values in arguments.items()}
        return self.load(schema, raw | lists_in(schema, arguments, self.decode_query))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if isinstance(kwargs.get("exc_info", (None, None))[1], NotSignedIn):
            self.set_header("WWW-Authenticate", "Token")
        super().write_error(status_code, **kwargs)


class UploadHandler(GatheringsHandler):
    """Takes a picture beside the fields, in multipart; other bodies stay as small as anywhere."""

    max_body = MAX_UPLOAD + MARGIN

    async def read_with_picture(self, field: str, *, required: bool) -> tuple[dict[str, Any], Picture | None]:
        """The fields of the described form and the decoded picture. What is wrong with either is said together."""
        problems: dict[str, Any] = {}
        values: dict[str, Any] = {}
        picture = None
        try:
            values = self.read(self.described.form_reader)
        except FieldErrors as refusal:
            problems |= refusal.messages
        try:
            picture = await self._picture(field, required=required)
        except FieldErrors as refusal:
            problems |= refusal.messages
        except Invalid as refusal:
            problems |= self.dialect.field_messages(refusal)
        if problems:
            raise FieldErrors(problems)
        return values, picture

    async def _picture(self, field: str, *, required: bool) -> Picture | None:
        files = self.request.files.get(field)
        if files:
            return await self.services.media.prepare(files[-1]["body"], field=field)
        if field in self.raw_body():
            # A text where a file is due.
            raise FieldErrors({field: [INVALID_IMAGE]})
        if required:
            raise FieldErrors({field: [NO_FILE]})
        return None
