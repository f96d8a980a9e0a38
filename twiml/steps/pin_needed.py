"""Nobody knows who is calling: the PIN opens the door. Nothing personal is said before it is right."""

from __future__ import annotations

from twilio.twiml.voice_response import Gather, VoiceResponse

from thserver.domain.admissions import PinNeeded, PinReason
from twiml import sentences
from twiml.addresses import Addresses

PIN_LENGTH = 6
PATIENCE_S = 15


def step(outcome: PinNeeded, addresses: Addresses) -> VoiceResponse:
    match outcome.reason:
        case PinReason.WRONG:
            return ask([sentences.WRONG_PIN], outcome.try_number, addresses)
        case PinReason.NOT_A_PIN:
            return ask([sentences.NOT_A_PIN], outcome.try_number, addresses)
        case reason:
            return ask([sentences.WHY_A_PIN[reason], sentences.PIN_PLEASE], outcome.try_number, addresses)


def ask(said: list[str], try_number: int, addresses: Addresses) -> VoiceResponse:
    response = VoiceResponse()
    if try_number == 1:
        response.pause(length=1)
    gather = Gather(
        action=addresses.pin(try_number),
        method="POST",
        num_digits=PIN_LENGTH,
        finish_on_key="#",
        timeout=PATIENCE_S,
        action_on_empty_result=True,
    )
    for sentence in said:
        gather.say(sentence)
    response.append(gather)
    return response
