"""Something of ours is broken: an apology that needs nothing of ours."""

from __future__ import annotations

from thserver.domain.admissions import Sorry
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, pause, response, say


def step(outcome: Sorry, addresses: Addresses) -> str:
    return response(pause(1), say(sentences.SORRY), HANGUP)
