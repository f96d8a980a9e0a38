"""Bookings as a calendar reads them (iCalendar, RFC 5545 and 5546): what goes with an e-mail, and the feed.

Only this file knows the library. What strangers write comes in here as it is, and cannot leave its property.
"""

from __future__ import annotations

import functools
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import (
    Alarm,
    Calendar,
    Component,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
)
from icalendar.prop import vUri

from thserver.domain.phone_numbers import shown
from thserver.domain.ports import Invite

PRODUCT = "-//Tech Heroes//thserver//EN"
UIDS = uuid.UUID("c9a3f6de-6d0e-4d39-9c0c-2b8e5b0a7f14")
REMINDED_AHEAD = timedelta(minutes=15)
LONGEST_TITLE = 200
# A telephone waits two seconds at each comma: by then the service has answered and listens.
PAUSE = ",,"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
READ_AGAIN_AFTER = timedelta(hours=1)
SOME_YEAR = 2000
LAST_YEAR = 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A booking in one reader's calendar. `pin` is his own, None where it is not to be seen. `is_accepted` says
    that he has agreed to it. `changed` is when the booking was changed last."""

    uid: str
    sequence: int
    is_cancelled: bool
    starts: datetime
    ends: datetime
    title: str
    about: str = ""
    number: str
    pin: str | None = None
    is_accepted: bool = True
    changed: datetime


def uid_of(booking_id: int, created: datetime) -> str:
    """The same for the booking's whole life, whatever the service is called or set to."""
    return str(uuid.uuid5(UIDS, f"{booking_id}:{int(created.timestamp())}"))


def one_tap(number: str, pin: str | None) -> str:
    """`tel:+12025550100,,482913#`: dials, waits, and types the PIN."""
    return f"tel:{number}{PAUSE}{pin}#" if pin else f"tel:{number}"


def invite(entry: Entry, *, organizer: str, reader: str, name: str, zone: ZoneInfo, now: datetime) -> Invite:
    """Put the entry into the reader's calendar, change it there, or take it away. `organizer` is the sender of our
    e-mails, `reader` the address that this one goes to and `name` whose it is."""
    method = "CANCEL" if entry.is_cancelled else "REQUEST"
    calendar = _calendar()
    calendar.add("method", method)
    event = _event(entry, stamp=now, zone=zone)
    sender, address = parseaddr(organizer)
    event["organizer"] = _person(address, sender or "Tech Heroes")
    attendee = _person(reader, name)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    if not entry.is_cancelled:
        attendee.params["PARTSTAT"] = "ACCEPTED" if entry.is_accepted else "NEEDS-ACTION"
        # Nobody reads the answers; whoever cannot come says so to us.
        attendee.params["RSVP"] = "FALSE"
        event.add_component(_alarm(entry))
    event["attendee"] = attendee
    if "TZID" in event["dtstart"].params:
        calendar.add_component(timezone(zone.key, entry.starts.year))
    calendar.add_component(event)
    return Invite(method, _text(calendar))


def feed(entries: Iterable[Entry], *, zone: ZoneInfo) -> str:
    """Everything in one calendar that its reader looks at again and again: no method, and no PIN."""
    calendar = _calendar()
    calendar.add("x-wr-calname", "Tech Heroes")
    calendar.add("x-wr-timezone", zone.key)
    calendar.add("refresh-interval", READ_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        # Without a method the stamp says when the entry was changed last; so nothing changes while nothing happens.
        calendar.add_component(_event(entry, stamp=entry.changed, zone=None))
    if not calendar.subcomponents:
        # A calendar with nothing in it is none.
        calendar.add_component(timezone("UTC", SOME_YEAR))
    return _text(calendar)


@functools.lru_cache(maxsize=256)
def timezone(name: str, year: int) -> Timezone:
    """The rules of this zone from the year before until the year after."""
    zone = ZoneInfo(name)
    described = Timezone()
    described.add("tzid", name)
    first, last = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    described.add_component(_observance(zone, first, first))
    day = first
    while day < last:
        following = day + DAY
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            described.add_component(_observance(zone, _change_between(zone, day, following), first))
        day = following
    return described


def _observance(zone: ZoneInfo, since: datetime, first: datetime) -> Component:
    """What holds in the zone from then on. Its beginning is told in the time that held before."""
    local = since.astimezone(zone)
    before = (since if since == first else since - SECOND).astimezone(zone).utcoffset() or timedelta()
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("dtstart", (since + before).replace(tzinfo=None))
    observance.add("tzoffsetfrom", before)
    observance.add("tzoffsetto", local.utcoffset() or timedelta())
    observance.add("tzname", local.tzname() or "UTC")
    return observance


def _change_between(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The first second with the offset that holds at `late`, when it is another one at `early`."""
    former = early.astimezone(zone).utcoffset()
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        if middle.astimezone(zone).utcoffset() == former:
            early = middle
        else:
            late = middle
    return late


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event(entry: Entry, *, stamp: datetime, zone: ZoneInfo | None) -> Event:
    """`zone` is that of the times; without one they are in UTC."""
    shown_in = zone if zone is not None and _can_be_told_in(zone, entry) else None
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", _whole(stamp))
    event.add("last-modified", _whole(entry.changed))
    for name, moment in (("dtstart", entry.starts), ("dtend", entry.ends)):
        event.add(name, _whole(moment).astimezone(shown_in or UTC))
    event.add("summary", _line(entry.title)[:LONGEST_TITLE])
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    if not entry.is_cancelled:
        event.add("description", _description(entry))
        event.add("location", one_tap(entry.number, entry.pin))
        # In an address a bare # would begin something that is not dialled.
        event["url"] = vUri(one_tap(entry.number, entry.pin).replace("#", "%23"))
        event.add("class", "PRIVATE")
        event.add("transp", "OPAQUE")
    return event


def _can_be_told_in(zone: ZoneInfo, entry: Entry) -> bool:
    """Not in UTC, which needs no rules; not where the calendar ends; and not at a time that is there twice."""
    if zone.key == "UTC" or entry.ends.year > LAST_YEAR:
        return False
    return not any(_is_ambiguous(moment, zone) for moment in (entry.starts, entry.ends))


def _is_ambiguous(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether this zone's clocks show that time twice: then it cannot be told in the zone's own time."""
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _description(entry: Entry) -> str:
    lines = [
        f"At that time, dial {shown(entry.number)} from your own phone: you are recognised by your number.",
        f"From any other phone, type your PIN when you are asked for it: {entry.pin}"
        if entry.pin
        else "From any other phone, type the PIN from our letter or text about it.",
    ]
    if entry.pin:
        lines.append(f"In one tap: {one_tap(entry.number, entry.pin)}")
    if entry.about:
        lines += ["", _lines(entry.about)]
    return "\n".join(lines)


def _alarm(entry: Entry) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMINDED_AHEAD)
    alarm.add("description", _line(entry.title)[:LONGEST_TITLE])
    return alarm


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress("mailto:" + quote(address, safe="@+!$'*=_-.~"))
    # Many readers do not know how quotation marks are told in a parameter.
    person.params["CN"] = _line(name).replace('"', "'") or address.partition("@")[0]
    return person


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _line(text: str) -> str:
    return " ".join(_lines(text).split())


def _lines(text: str) -> str:
    """Without what drives terminals and parsers: control characters but for line breaks, and lone surrogates."""
    unbroken = "\n".join(text.splitlines())
    return "".join(
        each if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs", "Zl", "Zp") else " "
        for each in unbroken
    )


def _text(calendar: Calendar) -> str:
    return calendar.to_ical().decode()
