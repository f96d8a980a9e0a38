"""The number still waits for its code: said so, and the PIN is good all the same."""

from __future__ import annotations

from thserver.domain.admissions import NotVerified, PinReason
from twiml import sentences
from twiml.addresses import Addresses
from twiml.steps.pin_needed import ask


def step(outcome: NotVerified, addresses: Addresses) -> str:
    said = [sentences.WHY_A_PIN[PinReason.UNVERIFIED], sentences.PIN_PLEASE]
    return ask(said, outcome.try_number, addresses)
