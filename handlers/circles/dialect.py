"""How contract circles words what went wrong: an envelope with the true status in it, and always HTTP 200."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import circles, death_notices, errors
from thserver.domain.errors import Invalid, Refusal

# The document's own spelling.
ACCESS_DENIED = "ACCESS_DENINED"
LABELS = {"dob": "Date of birth"}
STATUSES = [400, 401, 403, 404, 503]
PROBLEM = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
    "required": ["field", "message"],
    "additionalProperties": False,
}
PROBLEMS = {"type": "array", "items": PROBLEM, "minItems": 1}


def _shape(codes: Iterable[str], **more: Any) -> dict[str, Any]:
    """The JSON schema of the envelope about something that was refused."""
    parts = {"code": {"type": "string", "enum": sorted(set(codes))}, **more}
    properties = {
        "message": {"type": "string"},
        "http_status_code": {"type": "integer", "enum": STATUSES},
        "error": {
            "type": "object",
            "properties": parts,
            "required": list(parts),
            "additionalProperties": False,
        },
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def label(field: str) -> str:
    """What a field is called in a sentence: `First name`."""
    return LABELS.get(field, field.replace("_", " ").capitalize())


class CirclesDialect(Dialect):
    name = "circles"
    words = {
        errors.Refusal: (400, "The request could not be done"),
        errors.NotSignedIn: (401, "Access token is not valid or expired"),
        errors.BadCredentials: (401, "Email or password is invalid"),
        circles.WrongPassword: (400, "Could not close account. The provided password is wrong"),
        errors.NotAllowed: (403, "You do not have permission to do this"),
        errors.NotVerified: (403, "Please confirm your email first. We have sent you an email"),
        errors.NotFound: (404, "The resource does not exist"),
        errors.TokenNotFound: (400, "The token is invalid or expired"),
        errors.WrongState: (400, "This can not be done now"),
        errors.Invalid: (400, "Please check for form errors"),
        errors.Conflict: (400, "This is in conflict with what is there already"),
        errors.TimeTaken: (400, "The one who authorised hosts another call at that time"),
        errors.Throttled: (403, "Too many attempts. Please try again later"),
        errors.Unavailable: (503, "The server is under maintenance. Please try again later"),
        death_notices.NotATrustedFriend: (400, "You are not a trusted friend of this user"),
        circles.NotPending: (400, "The invitation is already accepted or rejected"),
        circles.InvitationOver: (400, "The invitation is already accepted or rejected"),
        circles.SentToday: (400, "Could not send the invitation. Please wait for a day to try this action"),
        death_notices.TooFewFriends: (400, "This user has fewer than two trusted friends"),
        death_notices.AlreadyInitiated: (400, "The death notice is already initiated"),
        death_notices.NotInitiated: (400, "The death notice is not initiated"),
        death_notices.OwnInitiation: (400, "The death notice must be authorised by another trusted friend"),
        death_notices.AlreadyAuthorised: (400, "The death notice is already authorised"),
        death_notices.NotAuthorised: (400, "The death notice is not authorised"),
        death_notices.DetailsSent: (400, "The funeral details are already sent"),
        bodies.Malformed: (400, "The request is not in the expected format"),
        bodies.FieldErrors: (400, "Please check for form errors"),
        bodies.TooLarge: (400, "The request is too large"),
        bodies.UnsupportedMedia: (400, "The request is not in the expected format"),
    }
    codes: Mapping[type[Refusal], str] = {
        errors.Refusal: "BAD_REQUEST",
        errors.NotSignedIn: "ACCESS_TOKEN_INVALID",
        errors.BadCredentials: "UNAUTHORIZED",
        circles.WrongPassword: "BAD_PARAMETERS",
        errors.NotAllowed: ACCESS_DENIED,
        death_notices.OwnInitiation: "BAD_REQUEST",
        errors.NotFound: "RESOURCE_NOT_FOUND",
        errors.TokenNotFound: "BAD_REQUEST",
        death_notices.NotATrustedFriend: "BAD_REQUEST",
        errors.Invalid: "BAD_PARAMETERS",
        errors.Throttled: ACCESS_DENIED,
        errors.Unavailable: "SERVER_MAINTENANCE",
        bodies.FieldErrors: "BAD_PARAMETERS",
    }
    problems = {
        "oneself": "can't be your own",
        "invited": "has already been invited",
        "taken": "has already been taken",
        "in_the_past": "must be in the future",
        "in_the_future": "can't be in the future",
        "password_too_short": "is too short (minimum is 6 characters)",
        "password_common": "is too common",
        "too_long": "is too long",
        "not_an_image": "is not an image",
        "image_too_large": "is too large",
    }
    http_words: Mapping[int, tuple[int, str, str]] = {
        404: (404, "ENDPOINT_NOT_EXISTS", "The endpoint does not exist"),
        405: (404, "ENDPOINT_NOT_EXISTS", "The endpoint does not exist"),
        500: (500, "SERVER_ERROR", "An unexpected error has occurred"),
        503: (503, "SERVER_MAINTENANCE", "The server is under maintenance. Please try again later"),
    }

    shapes = {
        "Refusal": _shape(codes.values()),
        "FieldErrors": _shape(["BAD_PARAMETERS"], errors=PROBLEMS),
    }

    def http_status(self, kind: type[Refusal]) -> int:
        return 200

    def told(self, kind: type[Refusal]) -> str:
        status, sentence = self.word(kind)
        return f"{sentence} (`{self.code(kind)}`, {status})."

    def envelope(self, refusal: Refusal, *, failure: str | None = None) -> dict[str, Any]:
        """`failure` is what the route says about fields that are wrong."""
        status, sentence = self.status_and_sentence(refusal)
        error: dict[str, Any] = {"code": self.code(type(refusal))}
        if isinstance(refusal, (Invalid, bodies.FieldErrors)):
            sentence = failure or sentence
            messages = (
                refusal.messages if isinstance(refusal, bodies.FieldErrors) else self.field_messages(refusal)
            )
            error["errors"] = [
                {"field": field, "message": said} for field, all_said in messages.items() for said in all_said
            ]
        return {"message": sentence, "http_status_code": status, "error": error}

    def code(self, kind: type[Refusal]) -> str:
        for base_class in kind.__mro__:
            if base_class in self.codes:
                return self.codes[base_class]
        raise LookupError(f"{self.name} has no code for {kind.code}")

    def problem(self, field: str, problem: str) -> str:
        return f"{label(field)} {self.problems.get(problem, 'is invalid')}"

    def field_messages(self, refusal: Invalid) -> dict[str, list[str]]:
        return {field: [self.problem(field, problem)] for field, problem in refusal.problems.items()}

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        return 200, self.envelope(refusal)

    def http_error(self, status: int, reason: str) -> tuple[int, Any]:
        status, code, sentence = self.http_words.get(
            status, (400, "BAD_REQUEST", "The request is not in the expected format")
        )
        return 200, {"message": sentence, "http_status_code": status, "error": {"code": code}}


DIALECT = CirclesDialect()
