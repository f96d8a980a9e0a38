"""Every refusal of the business, by meaning. Each has a code; the sentence for it stands in each contract's dialect.

Raise the one that says what happened, never one that says which status a client should see:
`NotFound` when the thing does not exist or is none of this person's business (the two must look alike),
`WrongState` when it exists but this may not follow now, `Invalid` when a field breaks a rule,
`Conflict` and its children when somebody or something else was there first. No driver's or vendor's
exception leaves `store/` or `gateways/`: it is turned into one of these there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """The base of all refusals."""

    code: ClassVar[str] = "refused"

    def __str__(self) -> str:
        return self.code


class NotSignedIn(Refusal):
    """Nobody is signed in, and somebody must be."""

    code = "not_signed_in"


class BadToken(NotSignedIn):
    """A token was given, and it is not (or no longer) good."""

    code = "bad_token"


class BadCredentials(Refusal):
    """This name and password do not go together."""

    code = "bad_credentials"


class NotAllowed(Refusal):
    """Signed in, and the thing may be known, but this person may not do it (not staff, not the host …)."""

    code = "not_allowed"


class NotVerified(NotAllowed):
    """E-mail or phone must be proven first."""

    code = "not_verified"


class PaymentMethodMissing(NotAllowed):
    """A confirmed card must be there first."""

    code = "payment_method_missing"


class NotFound(Refusal):
    """There is no such thing, or it is none of this person's business."""

    code = "not_found"


class NotAParticipant(NotFound):
    """The booking exists, but this person has no part in it; most contracts show that as if it did not exist."""

    code = "not_a_participant"


class TokenNotFound(NotFound):
    """A token from an e-mail or text is unknown, used, or expired."""

    code = "token_not_found"


class WrongState(Refusal):
    """The thing exists, but this may not follow now. Example: accepting a declined request."""

    code = "wrong_state"


class Invalid(Refusal):
    """Fields break a rule. `problems` maps the field (our word) to a code: `Invalid(email="taken")`."""

    code = "invalid"

    def __init__(self, problems: Mapping[str, str] | None = None, **fields: str) -> None:
        self.problems: dict[str, str] = {**(problems or {}), **fields}
        super().__init__(self.problems)

    def __str__(self) -> str:
        return f"{self.code}: {self.problems}"


class Conflict(Refusal):
    """Something or somebody was there first."""

    code = "conflict"


class AlreadyExists(Conflict):
    """A value that must be unique is taken; `field` is our word for it (email, phone, username, open_request …)."""

    code = "already_exists"

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


class AlreadyOpen(Conflict):
    """There is an open request of this person to this host already."""

    code = "already_open"


class AlreadySuggested(Conflict):
    """This time was suggested before in this request."""

    code = "already_suggested"


class TimeTaken(Conflict):
    """The host has another booking at that time."""

    code = "time_taken"


class TooManyCancellations(Conflict):
    """The allowed number of cancellations is used up; it can be forced for a fee."""

    code = "too_many_cancellations"


class CodeStillGood(Refusal):
    """A code was sent a moment ago and is still good; no new one is sent."""

    code = "code_still_good"


class CodeWrong(Refusal):
    """The code is wrong, used, expired or dead after too many guesses."""

    code = "code_wrong"


class CodeDead(CodeWrong):
    """Its guesses are used up: not even the right one helps any more."""

    code = "code_dead"


class Throttled(Refusal):
    """Too many tries. `retry_after` is in seconds."""

    code = "throttled"

    def __init__(self, retry_after: int = 60) -> None:
        self.retry_after = retry_after
        super().__init__(retry_after)


class CarrierRefused(Refusal):
    """The phone company would not take the message or call."""

    code = "carrier_refused"


class OutcomeUnknown(Refusal):
    """It may have been done, and it may not: nobody has told us. Never to be tried again blindly."""

    code = "outcome_unknown"


class PaymentRefused(Refusal):
    """The card company would not take it. `reason` is its own code (card_declined, authentication_required …)."""

    code = "payment_refused"

    def __init__(self, reason: str = "card_declined") -> None:
        self.reason = reason
        super().__init__(reason)


class Unavailable(Refusal):
    """Something that we depend on is away or full; trying again later helps. `retry_after` is in seconds."""

    code = "unavailable"

    def __init__(self, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(retry_after)
