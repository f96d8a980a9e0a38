"""How contract heroes words what went wrong, numbers its people and names its states."""

from __future__ import annotations

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.domain.bookings import State

STATUS_LETTERS = {
    State.REQUESTED: "o",
    State.ACCEPTED: "a",
    State.AGREED: "a",
    State.DECLINED: "d",
    State.CANCELLED: "c",
    State.HELD: "s",
    State.MISSED: "a",
}


class HeroesDialect(Dialect):
    name = "heroes"
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (403, "Authentication credentials were not provided."),
        errors.BadToken: (403, "Invalid token."),
        errors.BadCredentials: (403, "Email and/or password are incorrect."),
        errors.NotAllowed: (403, "You do not have permission to perform this action."),
        errors.NotVerified: (403, "A verified email and phone are required."),
        errors.PaymentMethodMissing: (403, "A verified form of payment is required."),
        errors.NotFound: (404, "Not found."),
        errors.NotAParticipant: (403, "You are not the user or hero in this call request."),
        errors.TokenNotFound: (404, "The token is invalid or expired."),
        errors.WrongState: (400, "This can not be done in the present state of the call request."),
        errors.Invalid: (400, "Invalid."),
        errors.Conflict: (409, "This is in conflict with what is there already."),
        errors.AlreadyExists: (409, "It exists already."),
        errors.AlreadyOpen: (409, "There is an open call request to this hero already."),
        errors.AlreadySuggested: (409, "The datetime already exists."),
        errors.TimeTaken: (409, "The hero has another call at that time."),
        errors.TooManyCancellations: (409, "You have canceled too many times."),
        errors.CodeStillGood: (400, "A phone token was sent already and is still valid."),
        errors.CodeWrong: (404, "The token is invalid or expired."),
        errors.Throttled: (429, "Request was throttled."),
        errors.CarrierRefused: (424, "The message could not be sent to the provided phone number."),
        errors.PaymentRefused: (402, "The card was refused."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.Malformed: (400, "JSON parse error."),
        bodies.FieldErrors: (400, "Invalid."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "Unsupported media type."),
    }
    problems = {
        "taken": "This is taken by another user.",
        "unknown": "This does not exist.",
        "not_a_choice": "This is not a valid choice.",
        "too_small": "This value is too small.",
        "too_large": "This value is too large.",
        "too_long": "This is too long.",
        "code_wrong": "The token is invalid or expired.",
        "password_too_short": "This must have at least 8 characters.",
        "password_common": "This is one of the passwords that everybody tries first.",
        "password_needs_a_digit": "This must contain at least 1 number.",
        "not_on_a_quarter_hour": "The time must be on a quarter hour.",
        "too_soon": "The time must be at least 30 minutes ahead.",
        "repeated": "The three times must differ.",
        "not_a_length": "The length must be in 15 min intervals with a max of 120.",
        "wrong": "This is not correct.",
        "not_offered": "This time has not been suggested by the other party.",
        "in_the_past": "This time is in the past.",
        "oneself": "You can not request a call from yourself.",
    }


DIALECT = HeroesDialect()
