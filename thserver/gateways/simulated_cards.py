"""Stripe's documented test cards: what each one does when it is set up, and when it is charged off session."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A card error: its code, and the decline code where the code is card_declined."""

    code: str
    decline_code: str | None = None

    @property
    def reason(self) -> str:
        return self.decline_code or self.code


@dataclass(frozen=True, slots=True)
class TestCard:
    """`on_setup` refuses the card at once; `on_charge` lets it be attached and refuses each charge.

    `asks_on_setup`: without its holder's browser it cannot be set up.
    """

    brand: str
    last4: str
    on_setup: Refusal | None = None
    on_charge: Refusal | None = None
    asks_on_setup: bool = False


AUTHENTICATION_REQUIRED = Refusal("authentication_required", "authentication_required")
GENERIC_DECLINE = Refusal("card_declined", "generic_decline")
INSUFFICIENT_FUNDS = Refusal("card_declined", "insufficient_funds")

_GOOD = {
    "visa": ("visa", "4242"),
    "visa_debit": ("visa", "5556"),
    "mastercard": ("mastercard", "4444"),
    "mastercard_debit": ("mastercard", "8210"),
    "mastercard_prepaid": ("mastercard", "5100"),
    "amex": ("amex", "8431"),
    "discover": ("discover", "9424"),
    "diners": ("diners", "0004"),
    "jcb": ("jcb", "0505"),
    "unionpay": ("unionpay", "0005"),
    "us": ("visa", "4242"),
    "ca": ("visa", "0000"),
    "bypassPending": ("visa", "0077"),
}
_REFUSED_ON_SETUP = {
    "chargeDeclined": ("0002", GENERIC_DECLINE),
    "chargeDeclinedInsufficientFunds": ("9995", INSUFFICIENT_FUNDS),
    "chargeDeclinedLostCard": ("9987", Refusal("card_declined", "lost_card")),
    "chargeDeclinedStolenCard": ("9979", Refusal("card_declined", "stolen_card")),
    "chargeDeclinedFraudulent": ("0019", Refusal("card_declined", "fraudulent")),
    "chargeDeclinedVelocityLimitExceeded": ("6975", Refusal("card_declined", "card_velocity_exceeded")),
    "chargeDeclinedExpiredCard": ("0069", Refusal("expired_card")),
    "chargeDeclinedIncorrectCvc": ("0127", Refusal("incorrect_cvc")),
    "chargeDeclinedProcessingError": ("0119", Refusal("processing_error")),
}
_REFUSED_ON_CHARGE = {
    "chargeCustomerFail": ("0341", GENERIC_DECLINE),
    "chargeCustomerFailLostCard": ("0341", Refusal("card_declined", "lost_card")),
    "chargeCustomerFailStolenCard": ("0341", Refusal("card_declined", "stolen_card")),
}

TEST_CARDS: dict[str, TestCard] = {
    **{f"pm_card_{name}": TestCard(brand, last4) for name, (brand, last4) in _GOOD.items()},
    **{
        f"pm_card_{prefix}{name}": TestCard("visa", last4, on_setup=refusal)
        for name, (last4, refusal) in _REFUSED_ON_SETUP.items()
        for prefix in ("", "visa_")
    },
    **{
        f"pm_card_{prefix}{name}": TestCard("visa", last4, on_charge=refusal)
        for name, (last4, refusal) in _REFUSED_ON_CHARGE.items()
        for prefix in ("", "visa_")
    },
    # Wants its holder every time; wants him once, then never again; was set up elsewhere already.
    "pm_card_authenticationRequired": TestCard(
        "visa", "3184", on_charge=AUTHENTICATION_REQUIRED, asks_on_setup=True
    ),
    "pm_card_authenticationRequiredOnSetup": TestCard("visa", "3155", asks_on_setup=True),
    "pm_card_authenticationRequiredSetupForOffSession": TestCard("visa", "0446"),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": TestCard(
        "visa", "3178", on_charge=INSUFFICIENT_FUNDS, asks_on_setup=True
    ),
}
