"""How we refuse the phone company: by the status alone, with an empty body. What a caller hears is twiml's matter."""

from __future__ import annotations

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import errors


class NotAuthentic(errors.Refusal):
    """A webhook that the phone company did not sign. `reason` is for the counter; the answer is always the same."""

    code = "not_authentic"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class PhoneDialect(Dialect):
    name = "phone"
    words = {
        errors.Refusal: (400, ""),
        errors.NotFound: (404, ""),
        errors.Conflict: (409, ""),
        errors.Throttled: (429, ""),
        errors.Unavailable: (503, ""),
        bodies.TooLarge: (413, ""),
        bodies.UnsupportedMedia: (400, ""),
        bodies.Malformed: (400, ""),
        NotAuthentic: (403, ""),
    }


DIALECT = PhoneDialect()
