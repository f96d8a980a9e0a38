"""Something of ours is broken: an apology that needs nothing of ours."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import Sorry
from twiml import sentences
from twiml.addresses import Addresses


def step(outcome: Sorry, addresses: Addresses) -> VoiceResponse:
    response = VoiceResponse()
    response.pause(length=1)
    response.say(sentences.SORRY)
    response.hangup()
    return response
