"""Enough of wrong PINs or digits."""

from __future__ import annotations

from thserver.domain.admissions import TooManyTries, Tries
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, response, say

SENTENCES = {
    Tries.PIN: sentences.TOO_MANY_PINS,
    Tries.LOCKED: sentences.LOCKED,
    Tries.CHOICE: sentences.NO_CHOICE,
}


def step(outcome: TooManyTries, addresses: Addresses) -> str:
    return response(say(SENTENCES[outcome.tries]), HANGUP)
