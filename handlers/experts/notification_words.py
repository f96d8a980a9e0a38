"""What a notification says: its title and its sentence, from what happened, the facts and the other one's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What happened → title and sentence. `subject` is `meeting 'JavaScript Consultation'` or `call with Tom Brady`;
# `topic` leaves the name out, where the sentence has it already.
WORDS: dict[str, tuple[str, str]] = {
    "message": ("New Message", "You have a new message from {other}."),
    "requested": ("Meeting Request", "You have a new meeting request from {other}."),
    "accepted": ("Request Accepted", "{other} has accepted your request and suggests times."),
    "new_times": ("New Times Suggested", "{other} suggests other times for your {topic}."),
    "agreed": ("Meeting Confirmed", "Your {subject} has been confirmed."),
    "moved": ("Meeting Moved", "{other} has set a new time for your {topic}."),
    "declined": ("Meeting Cancelled", "Your {subject} has been declined."),
    "cancelled": ("Meeting Cancelled", "Your {subject} has been cancelled."),
    "lapsed": ("Meeting Cancelled", "Your {subject} was not confirmed in time."),
    "reminder": ("Meeting Reminder", "Your {subject} starts in {ahead}."),
    "started": ("Meeting Reminder", "Your {subject} has started."),
    "on_the_line": ("Call Waiting", "{other} is on the line for your {topic}."),
    "held": ("Review Reminder", "How was your {topic}? Leave a review for {other}."),
    "missed": ("Meeting Missed", "Your {subject} did not take place."),
    "purchased": ("Credit Update", "You have purchased {credits}."),
    "spent": ("Credit Update", "You have spent {credits} on a meeting."),
    "earned": ("Credit Update", "You have earned {credits} with a meeting."),
    "receipt": ("Receipt", "Your call with {other}: {amount} charged."),
    "receipt_free": ("Receipt", "Your call with {other}: nothing was charged."),
    "receipt_carried": ("Receipt", "Your call with {other}: {amount}, added to your next call."),
    "receipt_fee": ("Receipt", "The fee for your cancellation: {amount}."),
    "receipt_earned": ("Receipt", "Your call with {other}: {amount} earned."),
    "refunded": ("Refund", "{amount} given back to your card."),
    "unpaid": ("Payment Failed", "{amount} could not be charged to your card."),
}


def worded(what: str, facts: Mapping[str, Any], other: str) -> tuple[str, str]:
    """Title and sentence."""
    title, sentence = WORDS[what]
    return title, sentence.format(
        other=other,
        subject=_topic(facts)
        if facts.get("title") or facts.get("in_memory_of")
        else f"{_topic(facts)} with {other}",
        topic=_topic(facts),
        ahead=_ahead(facts.get("minutes_ahead", 0)),
        credits=_credits(facts.get("credits", 0)),
        amount=_dollars(facts.get("cents", 0)),
    )


def _dollars(cents: int) -> str:
    """`$12.50`."""
    return f"${cents // 100:,}.{cents % 100:02}"


def _topic(facts: Mapping[str, Any]) -> str:
    noun: str = facts.get("noun", "meeting")
    if facts.get("in_memory_of"):
        return f"{noun} in memory of {facts['in_memory_of']}"
    return f"{noun} '{facts['title']}'" if facts.get("title") else noun


def _ahead(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [_many(hours, "hour")] if hours else []
    return " ".join([*parts, _many(rest, "minute")] if rest or not parts else parts)


def _credits(number: int) -> str:
    return _many(number, "credit")


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
