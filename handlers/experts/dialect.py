"""How contract experts words what went wrong and names the states of a meeting."""

from __future__ import annotations

from typing import Any

from handlers import bodies
from handlers.dialect import FIELD_ERRORS, Dialect, one_sentence
from thserver.domain import credits, errors, messages
from thserver.domain.bookings import State
from thserver.domain.errors import Refusal
from thserver.services import meetings, reviews

PENDING, CONFIRMED, COMPLETED, CANCELLED = "pending", "confirmed", "completed", "cancelled"
STATUS_WORDS = {
    State.REQUESTED: PENDING,
    State.ACCEPTED: PENDING,
    State.AGREED: CONFIRMED,
    State.DECLINED: CANCELLED,
    State.CANCELLED: CANCELLED,
    State.HELD: COMPLETED,
    # Not both came, and nobody has said yet what that means.
    State.MISSED: CONFIRMED,
}
# Refusals that are about one field of the body, whatever it was asked for.
ABOUT_FIELDS: dict[type[Refusal], str] = {
    errors.CodeWrong: "code",
    errors.CarrierRefused: "phone",
    errors.PaymentMethodMissing: "payment_method",
}


class ExpertsDialect(Dialect):
    name = "experts"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Authentication credentials were not provided."),
        errors.BadToken: (401, "Invalid token."),
        errors.BadCredentials: (401, "Invalid credentials"),
        messages.Blocked: (403, "You can not send messages to this user."),
        errors.NotAllowed: (403, "You do not have permission to perform this action."),
        errors.PaymentMethodMissing: (400, "Save a card first."),
        errors.NotFound: (404, "Not found"),
        meetings.MeetingNotFound: (404, "Meeting not found"),
        messages.NotificationNotFound: (404, "Notification not found"),
        errors.WrongState: (400, "This can not be done in the present status of the meeting."),
        credits.NotEnoughCredits: (400, "Insufficient credits"),
        credits.AlreadySettled: (400, "The credits of this meeting have been transferred already."),
        reviews.AlreadyReviewed: (400, "You have reviewed this meeting already."),
        errors.Invalid: (400, "Invalid."),
        errors.Conflict: (400, "This is in conflict with what is there already."),
        errors.CodeWrong: (400, "The code is wrong or has expired."),
        errors.Throttled: (429, "Too many requests. Try again later."),
        errors.CarrierRefused: (400, "This phone number can not be texted."),
        errors.PaymentRefused: (400, "The card was refused."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.Malformed: (400, "The body is not valid JSON."),
        bodies.FieldErrors: (400, "Invalid."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "Unsupported media type."),
    }
    field_names = {
        "starts": "scheduled_start",
        "name": "skill_name",
        "day": "day_of_week",
        "image_url": "profile_picture",
    }
    problems = {
        "taken": "This is taken by another user.",
        "too_long": "This is too long.",
        "password_too_short": "This password is too short. It must contain at least 8 characters.",
        "password_common": "This password is too common.",
        "unknown_expert": "Expert with this ID does not exist.",
        "unknown_user": "User with this ID does not exist.",
        "message_to_oneself": "You can not send a message to yourself.",
        "unknown_category": "Category with this ID does not exist.",
        "oneself": "You can not request a meeting with yourself.",
        "in_the_past": "The time must be in the future.",
        "not_after_start": "The end must be after the start.",
        "too_short_a_meeting": "A meeting lasts 15 minutes at least.",
        "too_long_a_meeting": "A meeting can not last that long.",
        "not_available": "The expert is not available at this time.",
        "time_taken": "The expert has another meeting at this time.",
        "not_the_price": "The amount must be 1.00 for each credit.",
        "there_already": "This is there already.",
        "too_many": "There are too many already.",
        "not_the_other": "The reviewee must be the other participant of the meeting.",
        "not_a_rating": "The rating must be between 1 and 5.",
    }
    shapes = {
        "Refusal": one_sentence("error"),
        "FieldErrors": {
            "type": "object",
            "properties": {"errors": FIELD_ERRORS},
            "required": ["errors"],
            "additionalProperties": False,
        },
    }

    def shape(self, kind: type[Refusal]) -> str:
        return "FieldErrors" if issubclass(kind, tuple(ABOUT_FIELDS)) else super().shape(kind)

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        status, sentence = self.status_and_sentence(refusal)
        if isinstance(refusal, bodies.FieldErrors):
            return status, {"errors": refusal.messages}
        if isinstance(refusal, errors.Invalid):
            return status, {"errors": self.field_messages(refusal)}
        for kind, field in ABOUT_FIELDS.items():
            if isinstance(refusal, kind):
                return status, {"errors": {field: [sentence]}}
        return status, {"error": sentence}

    def http_error(self, status: int, reason: str) -> tuple[int, Any]:
        return status, {"error": reason}


DIALECT = ExpertsDialect()
