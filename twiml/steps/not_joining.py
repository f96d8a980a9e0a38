"""Somebody whom we have called and who has not said that he will join."""

from __future__ import annotations

from thserver.domain.admissions import NotJoining
from twiml import sentences
from twiml.addresses import Addresses
from twiml.verbs import HANGUP, response, say


def step(outcome: NotJoining, addresses: Addresses) -> str:
    return response(say(sentences.NOT_JOINING), HANGUP)
