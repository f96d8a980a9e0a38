"""What callers hear, in words for the ear. Read them aloud before changing them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from thserver.domain.admissions import Party, PinReason
from thserver.wording import times

LONGEST_NAME = 60
MOST_NAMES = 4

GOODBYE = "Goodbye."
SORRY = (
    "We are sorry. Something is not working on our side just now. "
    "Please hang up and dial again in a minute. Goodbye."
)
# Heard by whoever is still on the line when the conference is over, or could not be reached.
AFTER_THE_CALL = "This call has ended. If you were cut off, please dial again. Goodbye."
# For those who pay by the minute: there are two of them.
TIME_COUNTS = "Your time counts only while you are both on the line."
PIN_PLEASE = "Please enter the six digit PIN from your reminder, and then press pound."
WRONG_PIN = "That PIN is not right. Please try again. Enter six digits, and then press pound."
NOT_A_PIN = "We did not get six digits. Please enter your six digit PIN, and then press pound."
STILL_IN_USE = (
    "The call before yours is still going on, and we do not want to keep you waiting any longer. "
    "Please dial again in a few minutes. Goodbye."
)
TOO_MANY_PINS = (
    "That was not right either. Please look up the PIN in your reminder, and then dial again. Goodbye."
)
LOCKED = (
    "There have been too many wrong PINs. Please dial from the phone that you registered with us, "
    "or try again in an hour. Goodbye."
)
NO_CHOICE = "We did not understand which call you want. Please dial again. Goodbye."
# Said to somebody whom we have called.
PRESS_ONE = "To join now, press 1. If you cannot, just hang up."
NOT_JOINING = "We got no answer, so you are not being connected. You can dial in with the number in your reminder. Goodbye."
# Said before what staff announce in a room.
ANNOUNCED_BY = "This is a message from Tech Heroes."
SOMEBODY_IS_MISSING = "Please stay on the line. The call begins as soon as somebody else is here."

WHY_A_PIN = {
    PinReason.UNKNOWN: "Hello. We do not know the number that you are calling from.",
    PinReason.HIDDEN: "Hello. Your number is hidden.",
    PinReason.UNATTESTED: "Hello. We could not make sure of the number that you are calling from.",
    PinReason.UNVERIFIED: (
        "Hello. The number that you are calling from has not been confirmed yet. "
        "You can confirm it with the code that we sent you."
    ),
}


@lru_cache(maxsize=4096)
def speakable(text: str) -> str:
    """Somebody's own words made fit to be read out: on one line, without control characters, not too long."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return re.sub(r" +", " ", kept).strip()[:LONGEST_NAME].strip()


def hello(first_name: str, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """`Hello Cam. It is 9:30 AM where you are.`"""
    name = speakable(first_name)
    greeting = f"Hello {name}." if name else "Hello."
    if now is not None and zone is not None:
        greeting += f" It is {times.spoken_time(now, zone)} where you are."
    return greeting


def names_of(names: Sequence[str]) -> str:
    """`Tom Brady`, `Tom Brady and Ann Lee`, `Tom Brady, Ann Lee, Bo Diddley, and 3 others`."""
    said = [speakable(name) or "somebody" for name in names]
    if len(said) > MOST_NAMES:
        rest = len(said) - MOST_NAMES + 1
        said = [*said[: MOST_NAMES - 1], f"{rest} others"]
    if len(said) <= 2:
        return " and ".join(said)
    return ", ".join(said[:-1]) + ", and " + said[-1]


def whom_you_meet(others: Sequence[Party]) -> str:
    """Whom the caller is about to talk to, and who of them is there."""
    if len(others) == 1:
        name = speakable(others[0].name) or "somebody"
        if others[0].present:
            return f"You are about to talk with {name}, who is on the line already."
        return f"You are about to talk with {name}, who is not here yet. Please stay on the line."
    there = [other.name for other in others if other.present]
    missing = [other.name for other in others if not other.present]
    if not there:
        return f"You are meeting {names_of(missing)}. Nobody else is here yet. Please stay on the line."
    sentence = f"{names_of(there)} {'is' if len(there) == 1 else 'are'} on the line already."
    if missing:
        sentence += f" {names_of(missing)} {'is' if len(missing) == 1 else 'are'} not here yet."
    return sentence


def summons(others: Sequence[Party], *, starts: datetime, zone: tzinfo) -> str:
    """Why we call somebody: his call is on, and others wait for him."""
    there = [other.name for other in others if other.present]
    about = names_of([other.name for other in others])
    sentence = (
        f"This is Tech Heroes, about your call with {about}, set for {times.spoken_time(starts, zone)}."
    )
    if there:
        sentence += f" {names_of(there)} {'is' if len(there) == 1 else 'are'} on the line, waiting for you."
    return sentence


def when(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`today at 9:30 AM`, `tomorrow at 9 AM`, `on Monday, March 2, at 9:30 AM`."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return f"today at {times.spoken_time(moment, zone)}"
    if days == 1:
        return f"tomorrow at {times.spoken_time(moment, zone)}"
    return f"on {times.spoken(moment, zone)}"


def too_early(
    others: Sequence[Party], *, starts: datetime, opens: datetime, now: datetime, zone: tzinfo
) -> str:
    sentence = f"Your call with {names_of([other.name for other in others])} is {when(starts, now, zone)}."
    wait = opens - now
    if wait < timedelta(hours=12):
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        return f"{sentence} You can dial in {times.length(minutes)} from now, at {times.spoken_time(opens, zone)}."
    minutes = int((starts - opens).total_seconds()) // 60
    if minutes:
        return f"{sentence} You can dial in from {times.length(minutes)} before."
    return f"{sentence} Please dial in then."


def nothing_scheduled() -> str:
    return "You have no call at this time. When a time has been agreed on, dial this number again. " + GOODBYE


def room_in_use(others: Sequence[Party], *, first_time: bool) -> str:
    if not first_time:
        return "The call before yours is still going on. Please hold on."
    return (
        f"Your call with {names_of([other.name for other in others])} comes next. The call before it is still "
        "going on. Please hold on, and you will be let in as soon as it is over."
    )


def choose(choices: Sequence[tuple[Sequence[Party], datetime]], zone: tzinfo) -> str:
    """The bookings that fit, with their digits."""
    lines = [
        f"For your call with {names_of([other.name for other in others])}, at "
        f"{times.spoken_time(starts, zone)}, press {digit}."
        for digit, (others, starts) in enumerate(choices, start=1)
    ]
    return " ".join(lines)


def waiting(
    absent: Sequence[str], *, is_group: bool, time_counts: bool, starts: datetime | None, zone: tzinfo
) -> str:
    """For somebody who is alone in the room."""
    if not absent:
        return SOMEBODY_IS_MISSING
    if is_group:
        sentence = f"Nobody else is here yet. We are waiting for {names_of(absent)}."
    else:
        sentence = f"{names_of(absent)} is not here yet. Please stay on the line."
    if starts is not None:
        sentence += f" Your call is set for {times.spoken_time(starts, zone)}."
    return f"{sentence} {TIME_COUNTS}" if time_counts else sentence
