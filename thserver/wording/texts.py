"""Texts to people: short, the time and the number before any greeting."""

from __future__ import annotations

from datetime import datetime, tzinfo

from thserver.domain.phone_numbers import shown
from thserver.wording.times import short

# One segment of plain letters; longer names are cut so that a reminder fits.
LONGEST_NAME = 30


def reminder(*, other: str, starts: datetime, zone: tzinfo, number: str, pin: str | None) -> str:
    """`Your call with Tom Brady starts at 9:00 AM CST (Mon Mar 2). Dial +1 202-555-0100. PIN 482913 if asked.`"""
    sentences = [f"Your call with {name(other)} starts at {short(starts, zone)}.", f"Dial {shown(number)}."]
    if pin is not None:
        sentences.append(f"PIN {pin} if asked.")
    return " ".join(sentences)


def name(text: str) -> str:
    """A person's name on one line, cut if need be."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 3].rstrip() + "..."


def next_call(*, other: str, starts: datetime, zone: tzinfo, number: str) -> str:
    """To a text that nobody reads, from somebody whose call is near."""
    return (
        f"Tech Heroes: your call with {name(other)} is at {short(starts, zone)}. Dial {shown(number)}. "
        "Texts to this number are not read. Reply HELP for help, STOP to opt out."
    )


def nobody_reads(*, web_domain: str) -> str:
    return (
        f"Tech Heroes: texts to this number are not read. See https://{web_domain} for your calls. "
        "Reply HELP for help, STOP to opt out."
    )


def help_(*, web_domain: str, contact: str, number: str) -> str:
    write = f" or write to {contact}" if contact else ""
    return (
        f"Tech Heroes arranges calls with experts; texts bring codes and reminders. Help: https://{web_domain}"
        f"{write}. Dial {shown(number)} at the time of your call. Msg & data rates may apply. "
        "Reply STOP to opt out."
    )


def invitation(
    *, by: str, title: str, starts: datetime | None, zone: tzinfo, number: str, pin: str | None
) -> str:
    """`Ann Lee invites you to "Board games" at 9:00 AM CST (Mon Mar 2). Dial +1 202-555-0100. PIN 482913 if asked.`"""
    if starts is None:
        return f'{name(by)} invites you to "{name(title)}". No time is set yet. Calls will be on {shown(number)}.'
    sentences = [
        f'{name(by)} invites you to "{name(title)}" at {short(starts, zone)}.',
        f"Dial {shown(number)}.",
    ]
    if pin is not None:
        sentences.append(f"PIN {pin} if asked.")
    return " ".join(sentences)


def moved(*, by: str, title: str, starts: datetime, zone: tzinfo, number: str, pin: str | None) -> str:
    """`Ann Lee has set "Board games" to 9:00 AM CST (Mon Mar 2). Dial +1 202-555-0100. PIN 482913 if asked.`"""
    asked = f" PIN {pin} if asked." if pin is not None else ""
    return f'{name(by)} has set "{name(title)}" to {short(starts, zone)}. Dial {shown(number)}.{asked}'


def called_off(*, by: str, title: str, starts: datetime, zone: tzinfo) -> str:
    return f'{name(by)} has called off "{name(title)}" at {short(starts, zone)}.'
