"""E-mails from templates: every one renders, plain and in HTML, and nothing that strangers write gets out of place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from thserver.wording import letters

NINE = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EVIL = '<script>alert("x")</script>\r\nBcc: everybody@example.com'
BOOKING: dict[str, Any] = {
    "first_name": "Cam",
    "web_url": "https://www.example.com",
    "other": "Tom Brady",
    "by_me": False,
    "by_nobody": False,
    "title": "Throwing far",
    "is_host": False,
    "message": "Teach me how to throw!",
    "minutes": 90,
    "times": [NINE, NINE.replace(hour=22)],
    "starts": NINE,
    "number": "+12025550100",
    "pin": "482913",
    "rate_in_cents": 150,
    "reason": "Not today.",
    "fee_in_cents": 500,
    "link": "https://www.example.com/call-requests/7",
}
OF_BOOKINGS = (
    "accepted",
    "cancelled",
    "declined",
    "lapsed",
    "meeting_cancelled",
    "meeting_confirmed",
    "missed",
    "new_request",
    "new_times",
    "reminder",
    "session_cancelled",
    "session_confirmed",
    "time_agreed",
)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize("name", OF_BOOKINGS)
@pytest.mark.parametrize("by_me", [True, False])
@pytest.mark.parametrize("is_host", [True, False])
def test_every_letter_about_a_booking_renders(name: str, by_me: bool, is_host: bool) -> None:
    letter = letters.render(name, {**BOOKING, "by_me": by_me, "is_host": is_host}, zone=CHICAGO)
    assert "Tom Brady" in letter.subject
    for content in (letter.text, letter.html):
        assert "Hello Cam," in content
        assert "Tom Brady" in content
        assert "https://www.example.com" in content
        assert not re.search(r"\bNone\b|\{\{|\{%|\}\}|%\}", content)
    assert "\n\n\n" not in letter.text


@pytest.mark.parametrize("name", letters.names())
def test_every_text_has_its_html(name: str) -> None:
    assert (letters.TEMPLATES / f"{name}.html").is_file()


@pytest.mark.parametrize("name", OF_BOOKINGS)
def test_what_strangers_write_stays_where_it_belongs(name: str) -> None:
    letter = letters.render(
        name, {**BOOKING, "other": EVIL, "message": EVIL, "reason": EVIL, "first_name": EVIL}
    )
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert len(letter.subject) <= letters.LONGEST_SUBJECT
    assert "<script>" not in letter.html


def test_times_are_in_the_readers_zone() -> None:
    letter = letters.render("accepted", BOOKING, zone=CHICAGO)
    for content in (letter.text, letter.html):
        assert "Monday, March 2, 2026, 9:00 AM CST" in content
        assert "Monday, March 2, 2026, 4:00 PM CST" in content


def test_the_letter_on_the_agreed_time_says_how_to_call() -> None:
    letter = letters.render("time_agreed", BOOKING, zone=CHICAGO)
    for content in (letter.text, letter.html):
        for fact in ("9:00 AM CST", "+1 202-555-0100", "482913", "$1.50 a minute", "1 hour 30 minutes"):
            assert fact in content


def test_the_fee_is_told_only_to_who_pays_it() -> None:
    assert "$5.00" in letters.render("cancelled", {**BOOKING, "by_me": True}).text
    other = letters.render("cancelled", BOOKING).text
    assert "$5.00" not in other
    assert "Not today." in other


def test_a_missing_fact_is_an_error_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        letters.render("declined", {"first_name": "Cam"})


@pytest.mark.parametrize("name", ["../../etc/passwd", "_layout", "no_such_letter", "", "Accepted"])
def test_only_templates_are_letters(name: str) -> None:
    assert not letters.exists(name)
    with pytest.raises(LookupError):
        letters.render(name, BOOKING)


def test_money_is_said_in_dollars() -> None:
    assert [letters.dollars(cents) for cents in (0, 5, 1250, 123456789, -250)] == [
        "$0.00",
        "$0.05",
        "$12.50",
        "$1,234,567.89",
        "-$2.50",
    ]
