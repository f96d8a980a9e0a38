"""Held for as long as anybody should be: sent away kindly."""

from __future__ import annotations

from thserver.domain.admissions import StillInUse
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, response, say


def step(outcome: StillInUse, addresses: Addresses) -> str:
    return response(say(sentences.STILL_IN_USE), HANGUP)
