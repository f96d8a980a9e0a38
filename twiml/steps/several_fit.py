"""Two bookings fit: the caller chooses by digit."""

from __future__ import annotations

from twilio.twiml.voice_response import Gather, VoiceResponse

from thserver.domain.admissions import SeveralFit
from twiml import sentences
from twiml.addresses import Addresses

PATIENCE_S = 10


def step(outcome: SeveralFit, addresses: Addresses) -> VoiceResponse:
    caller = outcome.caller
    response = VoiceResponse()
    if outcome.try_number == 1:
        response.pause(length=1)
        response.say(sentences.hello(caller.first_name))
    gather = Gather(
        action=addresses.choice(outcome.try_number),
        method="POST",
        num_digits=1,
        timeout=PATIENCE_S,
        # Whoever types nothing is asked again too, and not sent on without an answer.
        action_on_empty_result=True,
    )
    gather.say(
        sentences.choose(
            [(slot.others(caller.person_id), slot.starts) for slot in outcome.slots], caller.zone
        )
    )
    response.append(gather)
    return response
