"""The call before is still going on: the caller holds, and we look again every ten seconds."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from thserver.domain.admissions import RoomInUse
from twiml import sentences
from twiml.addresses import Addresses

LOOK_AGAIN_S = 10
# Between two looks that say something, silent ones: nobody wants to hear the same every ten seconds.
SPEAK_EVERY = 3


def step(outcome: RoomInUse, addresses: Addresses) -> VoiceResponse:
    caller, slot, number = outcome.caller, outcome.slot, outcome.try_number
    response = VoiceResponse()
    if number == 1:
        response.pause(length=1)
        response.say(sentences.hello(caller.first_name))
    if number % SPEAK_EVERY == 1:
        response.say(sentences.room_in_use(slot.others(caller.person_id), first_time=number == 1))
    response.pause(length=LOOK_AGAIN_S)
    response.redirect(addresses.hold(slot.booking_id, number), method="POST")
    return response
