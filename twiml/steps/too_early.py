"""A caller whose time has not come: told when it does."""

from __future__ import annotations

from thserver.domain.admissions import TooEarly
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, pause, response, say


def step(outcome: TooEarly, addresses: Addresses) -> str:
    caller, slot = outcome.caller, outcome.slot
    return response(
        pause(1),
        say(sentences.hello(caller.first_name, outcome.now, caller.zone)),
        say(
            sentences.too_early(
                slot.others(caller.person_id),
                starts=slot.starts,
                opens=outcome.opens,
                now=outcome.now,
                zone=caller.zone,
            )
        ),
        say(sentences.GOODBYE),
        HANGUP,
    )
