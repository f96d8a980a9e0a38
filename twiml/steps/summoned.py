"""Somebody whom we have called because others wait for him: told who and what for, and asked whether he will join."""

from __future__ import annotations

from thserver.domain.admissions import Summoned
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import gather, pause, response, say

PATIENCE_S = 8


def step(outcome: Summoned, addresses: Addresses) -> str:
    caller, slot = outcome.caller, outcome.slot
    said = [
        say(sentences.hello(caller.first_name)),
        say(sentences.summons(slot.others(caller.person_id), starts=slot.starts, zone=caller.zone)),
        say(sentences.PRESS_ONE),
    ]
    return response(
        pause(1),
        gather(
            *(said if outcome.try_number == 1 else said[2:]),
            action=addresses.dial_out(
                slot.booking_id, caller.person_id, outcome.number, try_number=outcome.try_number
            ),
            digits=1,
            patience_s=PATIENCE_S,
        ),
    )
