"""Alone in the room: told for whom he waits, again every half minute."""

from __future__ import annotations

from thserver.domain.admissions import Waiting
from twiml import sentences
from twiml.verbs import pause, redirect, response, say

SAY_AGAIN_S = 30


def step(outcome: Waiting, again: str) -> str:
    """`again` is the URL of this same step."""
    said = sentences.waiting(
        outcome.absent,
        is_group=outcome.is_group,
        time_counts=outcome.time_counts,
        starts=outcome.starts,
        zone=outcome.zone,
    )
    return response(say(said), pause(SAY_AGAIN_S), redirect(again))
