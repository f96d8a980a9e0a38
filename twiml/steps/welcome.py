"""The right caller: greeted, told who is there, and connected with the room."""

from __future__ import annotations

from twilio.twiml.voice_response import Dial, VoiceResponse

from thserver.domain.admissions import Welcome
from twiml import sentences
from twiml.addresses import Addresses


def step(outcome: Welcome, addresses: Addresses) -> VoiceResponse:
    caller, slot = outcome.caller, outcome.slot
    response = VoiceResponse()
    # People put the phone to the ear before they listen.
    response.pause(length=1)
    response.say(sentences.hello(caller.first_name, outcome.now, caller.zone))
    response.say(sentences.whom_you_meet(slot.others(caller.person_id)))
    response.say(sentences.COUNTS_FOR_MANY if slot.is_group else sentences.COUNTS_FOR_TWO)
    dial = Dial(time_limit=int(outcome.longest.total_seconds()))
    dial.conference(
        slot.room,
        max_participants=slot.seats,
        participant_label=outcome.label,
        beep="true",
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        wait_url=addresses.wait(slot.booking_id, caller.person_id),
        wait_method="POST",
        # Only the first participant's count, so everybody asks for the same.
        status_callback=addresses.conference_events(slot.booking_id),
        status_callback_method="POST",
        status_callback_event="start end join leave",
    )
    response.append(dial)
    response.say(sentences.AFTER_THE_CALL)
    response.hangup()
    return response
