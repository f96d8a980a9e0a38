"""How contract gatherings words what went wrong: as Django REST framework does, with this document's own sentences."""

from __future__ import annotations

from typing import Any

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.domain.errors import Refusal

INVALID_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
NO_FILE = "No file was submitted."
INVALID_PHONE = "Invalid phone number."
INVALID_CODE = "Code is invalid."
NOT_COMPLETED = "completed must be True or not specified."
# The document writes these with and without a full stop; so do we, each in its place.
EMPTY_LIST = "This list may not be empty."
EMPTY_USERS = "This list may not be empty"
BLANK_NAME = "This field may not be blank"


class GatheringsDialect(Dialect):
    name = "gatherings"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Authentication credentials were not provided."),
        errors.BadToken: (401, "Invalid token."),
        errors.NotAllowed: (403, "You do not have permission to perform this action."),
        errors.NotFound: (404, "Not found."),
        errors.WrongState: (400, "This can not be done any more."),
        errors.Invalid: (400, "Invalid."),
        errors.Conflict: (400, "This is in conflict with what is there already."),
        errors.AlreadyExists: (400, "user with this phone already exists."),
        errors.TimeTaken: (400, "There is another call at that time."),
        errors.CodeWrong: (400, INVALID_CODE),
        errors.CodeDead: (429, "Request was throttled."),
        errors.Throttled: (429, "Request was throttled."),
        errors.CarrierRefused: (400, INVALID_PHONE),
        errors.PaymentRefused: (402, "The card was refused."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.Malformed: (400, "JSON parse error."),
        bodies.FieldErrors: (400, "Invalid."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "Unsupported media type in request."),
    }
    # What is said of a field although the business says it of the whole.
    said_of = {
        errors.CodeWrong: "code",
        errors.CarrierRefused: "phone",
        errors.AlreadyExists: "phone",
        errors.TimeTaken: "time",
    }
    problems = {
        "not_an_image": INVALID_IMAGE,
        "image_too_large": "Ensure the image has no more than 10 MB and 40 megapixels.",
        "not_a_number": INVALID_PHONE,
        "taken": "user with this phone already exists.",
        "unknown": "User with this id does not exist.",
        "oneself": "Can not do it with yourself.",
        "duplicates": "Phone list contains duplicates.",
        "own_phone": "The phones list contains user phone.",
        "unequal_lengths": "The number of phones must be equal to the number of names.",
        "too_many": "There are too many.",
        "empty_list": EMPTY_LIST,
        "in_the_past": "This time is in the past.",
        "too_long": "This is too long.",
    }
    field_names = {"contacts": "non_field_errors", "starts": "time"}

    def shape(self, kind: type[Refusal]) -> str:
        said_of_a_field = (
            any(issubclass(kind, each) for each in self.said_of) and self.http_status(kind) == 400
        )
        return "FieldErrors" if said_of_a_field else super().shape(kind)

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        status, body = super().refusal(refusal)
        for kind, field in self.said_of.items():
            if isinstance(refusal, kind) and status == 400:
                return status, {field: [body["detail"]]}
        return status, body


DIALECT = GatheringsDialect()
