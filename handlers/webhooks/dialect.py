"""How the routes for webhooks word what went wrong: `{"detail": …}`, with `errors` by field where fields are wrong."""

from __future__ import annotations

from typing import Any

from handlers import bodies
from handlers.dialect import FIELD_ERRORS, Dialect
from thserver.domain import errors
from thserver.domain.errors import Refusal
from thserver.services.webhooks import TooManyEndpoints


class WebhooksDialect(Dialect):
    name = "webhooks"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Sign in first."),
        errors.NotAllowed: (403, "This is for staff."),
        errors.NotFound: (404, "Not found."),
        errors.Invalid: (400, "Something in the request is wrong."),
        errors.WrongState: (409, "This can not be done now."),
        errors.Conflict: (409, "Somebody was faster. Look again."),
        TooManyEndpoints: (409, "There are too many endpoints already."),
        errors.Throttled: (429, "Too many tries."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.FieldErrors: (400, "Something in the request is wrong."),
        bodies.Malformed: (400, "The request could not be read."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "JSON, please."),
    }
    problems = {
        "not_a_url": "Enter a valid URL.",
        "not_https": "The URL must begin with https://.",
        "not_public": "The URL must lead to a public address.",
        "unknown_host": "The URL's host was not found.",
        "no_event": "Choose at least one event.",
        "unknown_event": "There is no such event.",
        "out_of_range": "This is out of range.",
    }

    shapes = {
        **Dialect.shapes,
        "FieldErrors": {
            "type": "object",
            "properties": {"detail": {"type": "string"}, "errors": FIELD_ERRORS},
            "required": ["detail", "errors"],
            "additionalProperties": False,
        },
    }

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        status, body = super().refusal(refusal)
        if isinstance(refusal, (errors.Invalid, bodies.FieldErrors)):
            _, sentence = self.status_and_sentence(refusal)
            return status, {"detail": sentence, "errors": body}
        return status, body


DIALECT = WebhooksDialect()
