"""Entries of calendars as they are written: read back by icalendar's own parser, right in every zone on every day."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from tests.calendars import CalendarProgram
from thserver.wording import calendar
from thserver.wording.calendar import Entry

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EVIL = 'Tom "T"\r\nATTENDEE:mailto:eve@example.com\nEND:VEVENT;X=1, y\\n\x00\x0b\x85\u2028\ud800'
ENTRY = Entry(
    uid="6f0d",
    sequence=3,
    is_cancelled=False,
    starts=NOW,
    ends=NOW + timedelta(minutes=30),
    title="Call with Tom Brady",
    number="+12025550100",
    pin="482913",
    changed=NOW,
)
CHICAGO = ZoneInfo("America/Chicago")


def written(entry: Entry = ENTRY, *, zone: ZoneInfo = CHICAGO, name: str = "Cam Newton") -> Any:
    invite = calendar.invite(
        entry,
        organizer="Tech Heroes <no-reply@example.com>",
        reader="cam@example.com",
        name=name,
        zone=zone,
        now=NOW,
    )
    CalendarProgram().take(invite.content)
    return icalendar.Calendar.from_ical(invite.content)


def test_an_invitation_says_who_when_and_how_to_dial() -> None:
    read = written()
    (event,) = read.events
    assert read["method"] == "REQUEST"
    assert (event["uid"], event["sequence"], event["summary"]) == ("6f0d", 3, "Call with Tom Brady")
    assert event["location"] == "tel:+12025550100,,482913#"
    assert event["url"] == "tel:+12025550100,,482913%23"
    assert "+1 202-555-0100" in event["description"]
    assert "482913" in event["description"]
    assert event["organizer"] == "mailto:no-reply@example.com"
    assert event["attendee"] == "mailto:cam@example.com"
    assert event["dtstamp"].dt == NOW
    assert event["dtstart"].params["TZID"] == "America/Chicago"
    assert (event.start, event.end) == (ENTRY.starts, ENTRY.ends)
    (alarm,) = event.alarms.times
    assert alarm.trigger == ENTRY.starts - timedelta(minutes=15)


def test_a_withdrawal_takes_the_entry_away_and_tells_no_pin() -> None:
    read = written(dataclasses.replace(ENTRY, is_cancelled=True))
    (event,) = read.events
    assert (read["method"], event["status"]) == ("CANCEL", "CANCELLED")
    assert "482913" not in read.to_ical().decode()
    assert not event.walk("VALARM")


def test_what_strangers_write_stays_in_its_property() -> None:
    read = written(dataclasses.replace(ENTRY, title=EVIL, about=EVIL), name=EVIL)
    (event,) = read.events
    assert len(read.subcomponents) == 2
    assert event["attendee"] == "mailto:cam@example.com"
    assert event["summary"].startswith('Tom "T" ATTENDEE:mailto:eve@example.com END:VEVENT;X=1, y\\n')
    assert event["attendee"].params["CN"].startswith("Tom 'T' ATTENDEE:")
    assert "X" not in event["attendee"].params
    assert "\nATTENDEE:mailto:eve@example.com\nEND:VEVENT;X=1, y\\n" in event["description"]
    for text in (event["summary"], event["description"], event["attendee"].params["CN"]):
        assert not set(text) & set("\r\x00\x0b\x85\u2028")


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Chicago", datetime(2026, 3, 8, 6, tzinfo=UTC)),
        ("America/Chicago", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 10, 25, tzinfo=UTC)),
        # By half an hour; in the south; at midnight; backwards in winter; never; long past the present rules.
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, 2, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 5, 1, tzinfo=UTC)),
        ("UTC", datetime(2026, 5, 1, tzinfo=UTC)),
        ("America/Chicago", datetime(2041, 3, 10, 6, tzinfo=UTC)),
    ],
)
def test_the_time_is_right_on_days_when_clocks_are_changed(zone: str, day: datetime) -> None:
    for step in range(9):
        starts = day + step * timedelta(minutes=30)
        ends = starts + timedelta(minutes=45)
        read = written(dataclasses.replace(ENTRY, starts=starts, ends=ends), zone=ZoneInfo(zone))
        (event,) = read.events
        assert (event.start, event.end) == (starts, ends)
        # For programs that do not know the zone: by the rules that come with the entry, and nothing else.
        for read_timezone in read.timezones:
            told = read_timezone.to_tz(lookup_tzid=False)
            for name, moment in (("dtstart", starts), ("dtend", ends)):
                wall = event[name].dt.replace(tzinfo=None)
                assert wall.replace(tzinfo=told).astimezone(UTC) == moment, (zone, moment)


def test_a_time_that_the_clocks_show_twice_is_told_in_utc() -> None:
    second_half_past_one = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    (event,) = written(
        dataclasses.replace(ENTRY, starts=second_half_past_one, ends=NOW.replace(year=2027))
    ).events
    assert event["dtstart"].to_ical() == b"20261101T073000Z"


def test_the_last_evening_of_all_can_be_told() -> None:
    starts = datetime(9999, 12, 31, 22, 30, tzinfo=UTC)
    tokyo = ZoneInfo("Asia/Tokyo")
    (event,) = written(
        dataclasses.replace(ENTRY, starts=starts, ends=starts + timedelta(hours=1)), zone=tokyo
    ).events
    assert event.start == starts


def test_a_feed_has_no_method_no_pin_and_the_same_text_while_nothing_happens() -> None:
    entry = dataclasses.replace(ENTRY, pin=None)
    text = calendar.feed([entry, dataclasses.replace(entry, uid="7", is_cancelled=True)], zone=CHICAGO)
    assert text == calendar.feed(
        [entry, dataclasses.replace(entry, uid="7", is_cancelled=True)], zone=CHICAGO
    )
    read = icalendar.Calendar.from_ical(text)
    assert "method" not in read
    assert [event["status"] for event in read.events] == ["CONFIRMED", "CANCELLED"]
    assert read.events[0].start == NOW
    assert read.events[0]["location"] == "tel:+12025550100"


def test_an_empty_feed_is_still_a_calendar() -> None:
    assert icalendar.Calendar.from_ical(calendar.feed([], zone=CHICAGO)).subcomponents


def test_an_entry_keeps_its_name_whatever_the_clock_of_the_database_rounds() -> None:
    exactly = NOW.replace(microsecond=123_456)
    assert calendar.uid_of(7, exactly) == calendar.uid_of(7, exactly.replace(microsecond=123_000))
    assert calendar.uid_of(7, exactly) != calendar.uid_of(8, exactly)
