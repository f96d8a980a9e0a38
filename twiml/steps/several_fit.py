"""Two bookings fit: the caller chooses by digit."""

from __future__ import annotations

from thserver.domain.admissions import SeveralFit
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import gather, pause, response, say

PATIENCE_S = 10


def step(outcome: SeveralFit, addresses: Addresses) -> str:
    caller = outcome.caller
    hello = sentences.hello(caller.first_name, outcome.now, caller.zone)
    greeting = [pause(1), say(hello)] if outcome.try_number == 1 else []
    choices = [(slot.others(caller.person_id), slot.starts) for slot in outcome.slots]
    return response(
        *greeting,
        gather(
            say(sentences.choose(choices, caller.zone)),
            action=addresses.choice(outcome.try_number),
            digits=1,
            patience_s=PATIENCE_S,
        ),
    )
