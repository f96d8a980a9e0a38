"""Alone in the room: told for whom he waits, again every half minute."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import Waiting
from twiml import sentences

SAY_AGAIN_S = 30


def step(outcome: Waiting, again: str) -> VoiceResponse:
    """`again` is the URL of this same step."""
    response = VoiceResponse()
    response.say(
        sentences.waiting(outcome.absent, is_group=outcome.is_group, starts=outcome.starts, zone=outcome.zone)
    )
    response.pause(length=SAY_AGAIN_S)
    response.redirect(again, method="POST")
    return response
