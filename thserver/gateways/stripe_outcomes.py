"""What the card company's answers and errors mean in our words. Nothing of its wording or of a card is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe

from thserver.domain.errors import Invalid, PaymentRefused, Refusal, Unavailable
from thserver.domain.ports import Card, ChargeOutcome, ChargeState
from thserver.gateways.stripe_transport import was_never_sent

log = logging.getLogger(__name__)

AUTHENTICATION_REQUIRED = "authentication_required"


def of_intent(intent: Mapping[str, Any], *, is_old: bool = False) -> ChargeOutcome:
    """The outcome that a PaymentIntent shows. An old one that still waits for its confirmation never got it."""
    status, error = intent["status"], intent.get("last_payment_error") or {}
    if status == "succeeded":
        return ChargeOutcome(ChargeState.SUCCEEDED, intent["id"])
    if status == "requires_action":
        return ChargeOutcome(ChargeState.NEEDS_CARDHOLDER, intent["id"], AUTHENTICATION_REQUIRED)
    if status in ("requires_payment_method", "canceled") or (is_old and status == "requires_confirmation"):
        return _declined(error, intent["id"], otherwise=status)
    return ChargeOutcome(ChargeState.UNKNOWN, intent["id"], status)


def of_error(error: Exception) -> ChargeOutcome:
    """The outcome of a request for money that was answered with an error, or not at all."""
    code = getattr(error, "code", None) or type(error).__name__
    match error:
        case stripe.CardError():
            body = _error_body(error)
            return _declined(body, (body.get("payment_intent") or {}).get("id"), otherwise=code)
        case stripe.APIConnectionError():
            cause = type(error.__cause__).__name__
            state = ChargeState.RETRY if was_never_sent(error) else ChargeState.UNKNOWN
            return ChargeOutcome(state, reason=cause)
        case stripe.RateLimitError():
            return ChargeOutcome(ChargeState.RETRY, reason=code)
        case stripe.AuthenticationError() | stripe.PermissionError():
            # Our key is wrong: nothing was taken, and it is no fault of the card.
            return ChargeOutcome(ChargeState.RETRY, reason=code)
        case stripe.IdempotencyError():
            return ChargeOutcome(ChargeState.DECLINED, reason="idempotency_error")
        case stripe.InvalidRequestError():
            return ChargeOutcome(ChargeState.DECLINED, reason=error.code or "invalid_request")
        case stripe.StripeError(http_status=409):
            return ChargeOutcome(ChargeState.RETRY, reason=code)
        case stripe.StripeError():
            return ChargeOutcome(ChargeState.UNKNOWN, reason=f"http_{error.http_status}")
    return ChargeOutcome(ChargeState.UNKNOWN, reason=type(error).__name__)


def of_refund(refund: Mapping[str, Any]) -> ChargeOutcome:
    """The outcome that a refund shows; `charge_id` is the refund's own id. Pending is money on its way."""
    status = refund["status"]
    if status in ("succeeded", "pending"):
        return ChargeOutcome(ChargeState.SUCCEEDED, refund["id"], None if status == "succeeded" else status)
    if status in ("failed", "canceled"):
        return ChargeOutcome(ChargeState.DECLINED, refund["id"], refund.get("failure_reason") or status)
    return ChargeOutcome(ChargeState.UNKNOWN, refund["id"], status)


def card_shown(method: Mapping[str, Any]) -> Card:
    card = method["card"]
    return Card(method["id"], card["brand"], card["last4"], card["exp_month"], card["exp_year"])


def setup_refusal(setup: Mapping[str, Any]) -> PaymentRefused:
    """Why a SetupIntent that was confirmed has not succeeded."""
    if setup["status"] == "requires_action":
        return PaymentRefused(AUTHENTICATION_REQUIRED)
    error = setup.get("last_setup_error") or {}
    return PaymentRefused(error.get("decline_code") or error.get("code") or setup["status"])


@contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn whatever the library raises inside into one of our refusals."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        note(doing, error)
        raise _refusal(error) from None


def note(doing: str, error: Exception) -> None:
    """Log an error by type, code and request id: its text may quote a key."""
    log.warning(
        "Stripe, %s: %s %s status=%s request=%s",
        doing,
        type(error).__name__,
        getattr(error, "code", None) or type(error.__cause__).__name__,
        getattr(error, "http_status", None),
        getattr(error, "request_id", None),
    )


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, stripe.CardError):
        body = _error_body(error)
        return PaymentRefused(body.get("decline_code") or error.code or "card_declined")
    if isinstance(error, stripe.InvalidRequestError) and not str(error.param or "").startswith("customer"):
        return Invalid(payment_method="unknown")
    return Unavailable()


def _declined(error: Mapping[str, Any], charge_id: str | None, *, otherwise: str) -> ChargeOutcome:
    code, decline_code = error.get("code"), error.get("decline_code")
    if AUTHENTICATION_REQUIRED in (code, decline_code):
        return ChargeOutcome(ChargeState.NEEDS_CARDHOLDER, charge_id, AUTHENTICATION_REQUIRED)
    return ChargeOutcome(ChargeState.DECLINED, charge_id, decline_code or code or otherwise)


def _error_body(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}
