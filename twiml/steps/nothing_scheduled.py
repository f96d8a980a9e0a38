"""Somebody we know, without a call."""

from __future__ import annotations

from thserver.domain.admissions import NothingScheduled
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, pause, response, say


def step(outcome: NothingScheduled, addresses: Addresses) -> str:
    caller = outcome.caller
    return response(
        pause(1),
        say(sentences.hello(caller.first_name, outcome.now, caller.zone)),
        say(sentences.nothing_scheduled()),
        HANGUP,
    )
