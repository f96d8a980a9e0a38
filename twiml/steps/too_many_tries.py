"""Enough of wrong PINs or digits."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import TooManyTries, Tries
from twiml import sentences
from twiml.addresses import Addresses

SENTENCES = {
    Tries.PIN: sentences.TOO_MANY_PINS,
    Tries.LOCKED: sentences.LOCKED,
    Tries.CHOICE: sentences.NO_CHOICE,
}


def step(outcome: TooManyTries, addresses: Addresses) -> VoiceResponse:
    response = VoiceResponse()
    response.say(SENTENCES[outcome.tries])
    response.hangup()
    return response
