"""What an incoming text means: the words that stop and start texts, a call for help, or something else."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

STOP_WORDS = (
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "OPT OUT",
)
START_WORDS = ("START", "YES", "UNSTOP")
HELP_WORDS = ("HELP", "INFO")
COURTESY = ("PLEASE", "THANKS", "THANK YOU", "THX", "TY")
MOST_MEDIA = 10


class Meaning(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"


def meaning_of(body: str, opt_out_type: str = "") -> Meaning:
    """The whole message counts, whatever its case and punctuation: `stop`, `Stop. Thank you`, not `please do not
    stop`. `opt_out_type` is the carrier's own reading, where it has one."""
    words = _words(body)
    for courtesy in COURTESY:
        words = words.removesuffix(f" {courtesy}")
    given = opt_out_type.strip().upper()
    for meaning, known in (
        (Meaning.STOP, STOP_WORDS),
        (Meaning.START, START_WORDS),
        (Meaning.HELP, HELP_WORDS),
    ):
        if given == meaning.name or words in known:
            return meaning
    return Meaning.OTHER


def media_count(given: str) -> int | None:
    """How many pictures came along: at most ten are counted, none when nothing is said, None for no number."""
    if given == "":
        return 0
    return min(int(given), MOST_MEDIA) if re.fullmatch(r"[0-9]{1,12}", given) else None


def _words(body: str) -> str:
    plain = unicodedata.normalize("NFKC", body[:200]).upper()
    return " ".join(re.findall(r"[^\W_]+", plain))
