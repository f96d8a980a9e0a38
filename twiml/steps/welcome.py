"""The right caller: greeted, told who is there, and connected with the room."""

from __future__ import annotations

from thserver.domain.admissions import Welcome
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, dial_conference, pause, response, say


def step(outcome: Welcome, addresses: Addresses) -> str:
    caller, slot = outcome.caller, outcome.slot
    return response(
        # People put the phone to the ear before they listen.
        pause(1),
        say(sentences.hello(caller.first_name, outcome.now, caller.zone)),
        say(sentences.whom_you_meet(slot.others(caller.person_id))),
        say(sentences.TIME_COUNTS) if slot.time_counts else "",
        dial_conference(
            slot.room,
            seats=slot.seats,
            label=outcome.label,
            wait_url=addresses.wait(slot.booking_id, caller.person_id),
            callback_url=addresses.conference_events(slot.booking_id),
            longest_s=int(outcome.longest.total_seconds()),
        ),
        say(sentences.AFTER_THE_CALL),
        HANGUP,
    )
