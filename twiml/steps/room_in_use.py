"""The call before is still going on: the caller holds, and we look again every ten seconds."""

from __future__ import annotations

from thserver.domain.admissions import RoomInUse
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import pause, redirect, response, say

LOOK_AGAIN_S = 10
# Between two looks that say something, silent ones: nobody wants to hear the same every ten seconds.
SPEAK_EVERY = 3


def step(outcome: RoomInUse, addresses: Addresses) -> str:
    caller, slot, number = outcome.caller, outcome.slot, outcome.try_number
    said = []
    if number == 1:
        said = [pause(1), say(sentences.hello(caller.first_name, outcome.now, caller.zone))]
    if number % SPEAK_EVERY == 1:
        said.append(say(sentences.room_in_use(slot.others(caller.person_id), first_time=number == 1)))
    return response(*said, pause(LOOK_AGAIN_S), redirect(addresses.hold(slot.booking_id, number)))
