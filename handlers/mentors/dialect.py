"""How contract mentors words what went wrong and names the states of a session: as Django REST framework does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import availability, errors
from thserver.domain.bookings import Booking, State, is_stale
from thserver.domain.errors import Invalid, Refusal
from thserver.domain.password_strength import WeakPassword

PENDING, CONFIRMED, CANCELED, COMPLETED = "Pending", "Confirmed", "Canceled", "Completed"
STATUS_WORDS = {
    State.REQUESTED: PENDING,
    State.ACCEPTED: PENDING,
    State.AGREED: CONFIRMED,
    State.DECLINED: CANCELED,
    State.CANCELLED: CANCELED,
    State.HELD: COMPLETED,
    # Nobody cancelled it and it did not take place: it stays what it was, as in the document's archive.
    State.MISSED: CONFIRMED,
}
NON_FIELD = "non_field_errors"
# What is refused as a whole is said in DRF's list; everything else in `detail`.
SAID_IN_A_LIST = (errors.BadCredentials, errors.WrongState, errors.Conflict)


def status_word(booking: Booking, now: datetime) -> str:
    """A request that nobody answered until its time came is over, also before the sweep has said so."""
    return CANCELED if is_stale(booking, now) else STATUS_WORDS[booking.state]


class MentorsDialect(Dialect):
    name = "mentors"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Authentication credentials were not provided."),
        errors.BadToken: (401, "Invalid token."),
        errors.BadCredentials: (400, "Unable to log in with provided credentials."),
        errors.NotAllowed: (403, "You do not have permission to perform this action."),
        errors.NotFound: (404, "Not found."),
        errors.WrongState: (400, "The session can not be changed to this status any more."),
        errors.Invalid: (400, "Invalid."),
        errors.Conflict: (400, "This is in conflict with what is there already."),
        errors.AlreadyExists: (400, "It exists already."),
        errors.TimeTaken: (400, "A session with this mentor is already scheduled during this time."),
        availability.WindowsOverlap: (400, "Input overlaps with existing availability."),
        availability.TooManyWindows: (400, "There is too much availability already."),
        availability.SlotBooked: (400, "A session is booked in this availability."),
        errors.CodeWrong: (400, "The code is wrong or has expired."),
        errors.Throttled: (429, "Request was throttled."),
        errors.CarrierRefused: (400, "The phone number can not be texted."),
        errors.PaymentRefused: (402, "The card was refused."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.Malformed: (400, "JSON parse error."),
        bodies.FieldErrors: (400, "Invalid."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "Unsupported media type in request."),
    }
    problems = {
        "too_long": "This is too long.",
        "not_the_same": "The two password fields didn't match.",
        "like_username": "The password is too similar to the username.",
        "like_email": "The password is too similar to the email.",
        "password_too_short": "This password is too short. It must contain at least 8 characters.",
        "password_common": "This password is too common.",
        "password_numeric": "This password is entirely numeric.",
        "not_an_image": (
            "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
        ),
        "image_too_large": "This image is too large.",
        "too_many_skills": "There are too many skills.",
        "skill_too_long": "Ensure each skill has no more than 100 characters.",
        "ends_before_it_starts": "End time must be after start time.",
        "in_the_past": "Start time must be in the future.",
        "window_too_long": "An availability can not be longer than 31 days.",
        "window_too_short": "An availability must be at least 30 minutes long.",
        "not_available": "The session must be inside the mentor's availability.",
        "not_a_length": "This is not a valid choice.",
        "unknown": "Invalid pk - object does not exist.",
        "oneself": "You can not request a session with yourself.",
    }
    taken = {
        "username": "A user with that username already exists.",
        "email": "A user with that email already exists.",
        "phone": "A user with that phone number already exists.",
    }
    field_names = {
        "phone": "phone_number",
        "passwords": NON_FIELD,
        "window": NON_FIELD,
        "availability": "mentor_availability",
        "minutes": "session_length",
        "starts": "start_time",
    }

    def shape(self, kind: type[Refusal]) -> str:
        said_by_field = (*SAID_IN_A_LIST, errors.CodeWrong, errors.CarrierRefused)
        return "FieldErrors" if issubclass(kind, said_by_field) else super().shape(kind)

    def field_messages(self, refusal: Invalid) -> dict[str, list[str]]:
        if isinstance(refusal, WeakPassword):
            return {refusal.field: [self.problems[reason] for reason in refusal.reasons]}
        return {
            self.field_names.get(field, field): [
                self.taken[field] if problem == "taken" else self.problems[problem]
            ]
            for field, problem in refusal.problems.items()
        }

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        status, sentence = self.status_and_sentence(refusal)
        if isinstance(refusal, SAID_IN_A_LIST):
            return status, {NON_FIELD: [sentence]}
        if isinstance(refusal, errors.CodeWrong):
            return status, {"code": [sentence]}
        if isinstance(refusal, errors.CarrierRefused):
            return status, {"phone_number": [sentence]}
        if isinstance(refusal, errors.Throttled):
            return status, {"detail": f"{sentence} Expected available in {refusal.retry_after} seconds."}
        return super().refusal(refusal)


DIALECT = MentorsDialect()
