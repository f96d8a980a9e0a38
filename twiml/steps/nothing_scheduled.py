"""Somebody we know, without a call."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import NothingScheduled
from twiml import sentences
from twiml.addresses import Addresses


def step(outcome: NothingScheduled, addresses: Addresses) -> VoiceResponse:
    response = VoiceResponse()
    response.pause(length=1)
    response.say(sentences.hello(outcome.caller.first_name))
    response.say(sentences.nothing_scheduled())
    response.hangup()
    return response
