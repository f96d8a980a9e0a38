"""How the console and the practice phones word what went wrong: `{"detail": …}` with the plain status of HTTP."""

from __future__ import annotations

from handlers import bodies
from handlers.dialect import Dialect
from thserver.domain import errors
from thserver.services.dial_outs import SaidStop
from thserver.services.examples import ExamplesChanged, NotPractising
from thserver.services.leases import Taken


class ConsoleDialect(Dialect):
    name = "console"
    problems = {
        "blank": "Nothing that can be spoken is in it.",
        "too_long": "It is too long.",
    }
    words = {
        errors.Refusal: (400, "The request could not be done."),
        errors.NotSignedIn: (401, "Sign in first."),
        errors.NotAllowed: (403, "This is not for you."),
        errors.NotFound: (404, "Not found."),
        errors.WrongState: (409, "This can not be done now."),
        errors.Conflict: (409, "Something was there first."),
        NotPractising: (404, "Example people are there only where all companies are simulated."),
        SaidStop: (409, "This person has texted STOP, so the service does not call either."),
        Taken: (409, "Somebody else is doing this just now."),
        ExamplesChanged: (409, "Somebody has changed the example people, or has their numbers."),
        errors.Throttled: (429, "Too many tries."),
        errors.CarrierRefused: (424, "The phone company refused."),
        errors.OutcomeUnknown: (424, "It is not known whether this was done. Look before you try again."),
        errors.PaymentRefused: (402, "The card company refused."),
        errors.Unavailable: (503, "The service is temporarily unavailable."),
        bodies.Malformed: (400, "The request could not be read."),
        bodies.TooLarge: (413, "The request is too large."),
        bodies.UnsupportedMedia: (415, "JSON, please."),
    }


DIALECT = ConsoleDialect()
