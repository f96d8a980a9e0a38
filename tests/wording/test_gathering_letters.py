"""What members of gatherings read, with everything and with as little as there may be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from thserver.wording import letters, texts

NINE = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
EVIL = '<script>alert("x")</script>\r\nBcc: everybody@example.com'
FACTS: dict[str, Any] = {
    "first_name": "Cam",
    "web_url": "https://www.example.com",
    "by": "Ann Lee",
    "by_me": False,
    "title": "Board games",
    "description": "Bring cake.",
    "starts": NINE,
    "number": "+12025550100",
    "pin": "482913",
}
NAMES = ("gathering_invitation", "gathering_moved", "gathering_left", "gathering_called_off")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lacking", [{}, {"description": "", "pin": None}, {"first_name": ""}])
def test_every_letter_renders(name: str, lacking: dict[str, Any]) -> None:
    letter = letters.render(name, {**FACTS, **lacking}, zone=CHICAGO)
    for content in (letter.text, letter.html):
        for said in ("Ann Lee", "Board games", "Monday, March 2, 2026, 9:00 AM CST"):
            assert said in content
        assert not re.search(r"\bNone\b|\{\{|\{%|\}\}|%\}", content)
    assert "\n\n\n" not in letter.text


def test_an_invitation_without_a_time_says_so() -> None:
    letter = letters.render("gathering_invitation", {**FACTS, "starts": None, "pin": None}, zone=CHICAGO)
    for content in (letter.text, letter.html):
        assert "No time is set yet." in content
        assert "PIN" not in content
    assert "\n\n\n" not in letter.text


@pytest.mark.parametrize("name", NAMES)
def test_what_strangers_write_stays_in_its_place(name: str) -> None:
    letter = letters.render(name, {**FACTS, **dict.fromkeys(("by", "title", "description"), EVIL)})
    assert "\n" not in letter.subject
    assert "<script>" not in letter.html


def test_a_text_fits_into_one_segment_with_the_longest_names() -> None:
    long = "Wolfeschlegelsteinhausenbergerdorff " * 3
    text = texts.invitation(
        by=long, title=long, starts=NINE, zone=CHICAGO, number="+12025550100", pin="482913"
    )
    assert len(text) <= 160
    assert "\n" not in text
    assert len(texts.called_off(by=long, title=long, starts=NINE, zone=CHICAGO)) <= 160
    assert (
        len(texts.invitation(by=long, title=long, starts=None, zone=CHICAGO, number="+12025550100", pin=None))
        <= 160
    )
