"""What the page of the rooms says: kinds, why somebody is gone, what became of our call to him."""

from __future__ import annotations

from thserver.domain.bookings import Kind
from thserver.domain.dial_outs import DialOutState
from thserver.services.live_rooms import Missing

KINDS = {
    Kind.CALL: "call",
    Kind.SESSION: "session",
    Kind.MEETING: "meeting",
    Kind.GATHERING: "gathering",
    Kind.MEMORIAL: "memorial",
}

DONE = {
    "mute": "Muted: the others hear nothing from this line.",
    "unmute": "The others hear this line again.",
    "remove": "Taken off the line.",
    "announce": "It is being spoken to everybody in the room.",
    "end": "The call is ended for everybody.",
    "call": "The phone is ringing. Whoever answers is told what for, and asked to press a key before joining.",
}

# The carrier's words.
GONE = {
    "participant_hung_up": "hung up",
    "participant_updated_via_api": "was taken off the line",
    "moderator_ended_conference": "the call was ended",
    "conference_ended_via_api": "the call was ended",
    "participant_add_failed": "could not be connected",
}
LINE_FAILED = "the line failed"

CALLED = {
    DialOutState.CALLING: "phone is ringing",
    DialOutState.ANSWERED: "has answered, and is asked to press a key",
    DialOutState.OVER: "hung up when called",
    DialOutState.NO_ANSWER: "did not answer when called",
    DialOutState.BUSY: "was busy, or declined",
    DialOutState.FAILED: "could not be called",
}


def how_gone(missing: Missing) -> str:
    """Why he left, as far as the carrier tells; empty for somebody who was not there, or of whom it tells nothing."""
    if missing.left is None:
        return ""
    return LINE_FAILED if missing.call_status == "failed" else GONE.get(missing.reason, "")


def how_called(missing: Missing) -> str:
    """What became of our last call to him, unless he has been in the room since."""
    if missing.dial_out is None or (missing.left is not None and missing.left >= missing.dial_out.at):
        return ""
    return CALLED[missing.dial_out.state]
