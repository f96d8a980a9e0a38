"""A caller whose time has not come: told when it does."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import TooEarly
from twiml import sentences
from twiml.addresses import Addresses


def step(outcome: TooEarly, addresses: Addresses) -> VoiceResponse:
    caller, slot = outcome.caller, outcome.slot
    response = VoiceResponse()
    response.pause(length=1)
    response.say(sentences.hello(caller.first_name, outcome.now, caller.zone))
    response.say(
        sentences.too_early(
            slot.others(caller.person_id),
            starts=slot.starts,
            opens=outcome.opens,
            now=outcome.now,
            zone=caller.zone,
        )
    )
    response.say(sentences.GOODBYE)
    response.hangup()
    return response
