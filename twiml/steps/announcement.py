"""What staff have spoken to everybody in a room."""

from __future__ import annotations

from twiml import sentences
from twiml.verbs import response, say


def announcement(sentence: str) -> str:
    return response(say(sentences.ANNOUNCED_BY), say(sentence))
