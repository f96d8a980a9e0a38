"""Held for as long as anybody should be: sent away kindly."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import StillInUse
from twiml import sentences
from twiml.addresses import Addresses


def step(outcome: StillInUse, addresses: Addresses) -> VoiceResponse:
    response = VoiceResponse()
    response.say(sentences.STILL_IN_USE)
    response.hangup()
    return response
