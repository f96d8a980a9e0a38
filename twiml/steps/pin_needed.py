"""Nobody knows who is calling: the PIN opens the door. Nothing personal is said before it is right."""

from __future__ import annotations

from thserver.domain.admissions import PinNeeded, PinReason
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import gather, pause, response, say

PIN_LENGTH = 6
PATIENCE_S = 15


def step(outcome: PinNeeded, addresses: Addresses) -> str:
    match outcome.reason:
        case PinReason.WRONG:
            said = [sentences.WRONG_PIN]
        case PinReason.NOT_A_PIN:
            said = [sentences.NOT_A_PIN]
        case reason:
            said = [sentences.WHY_A_PIN[reason], sentences.PIN_PLEASE]
    return ask(said, outcome.try_number, addresses)


def ask(said: list[str], try_number: int, addresses: Addresses) -> str:
    question = gather(
        *(say(sentence) for sentence in said),
        action=addresses.pin(try_number),
        digits=PIN_LENGTH,
        finish_key="#",
        patience_s=PATIENCE_S,
    )
    return response(pause(1), question) if try_number == 1 else response(question)
