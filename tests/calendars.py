"""A calendar as mail programs have it: it reads the invitations in letters and does what RFC 5546 says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import icalendar

from tests.fakes.smtp_stand_in import Received

LONGEST_LINE = 75


class CalendarProgram:
    """`events` are the entries by UID; what was taken away is not among them, and does not come back by old mail."""

    def __init__(self) -> None:
        # Any: the library's types say that each property may be of every kind.
        self.events: dict[str, Any] = {}
        self.ended: set[str] = set()
        self._seen: dict[str, int] = {}

    def take(self, content: str | bytes) -> None:
        """One invitation. Anything that another program might not read is an error here."""
        raw = content if isinstance(content, bytes) else content.encode()
        assert all(len(line) <= LONGEST_LINE for line in raw.split(b"\r\n"))
        assert b"\n" not in raw.replace(b"\r\n", b"")
        calendar = icalendar.Calendar.from_ical(raw)
        event: Any
        (event,) = calendar.events
        assert calendar.errors == []
        assert event.errors == []
        uid, sequence = str(event["uid"]), int(event["sequence"])
        if sequence <= self._seen.get(uid, -1):
            return
        self._seen[uid] = sequence
        if calendar["method"] == "REQUEST":
            self.events[uid] = event
            self.ended.discard(uid)
        else:
            assert calendar["method"] == "CANCEL"
            assert event["status"] == "CANCELLED"
            self.events.pop(uid, None)
            self.ended.add(uid)

    def take_letter(self, letter: Received) -> None:
        """A letter as it came from the mail server."""
        message = letter.message
        parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        files = [part for part in message.walk() if part.get_filename() == "invite.ics"]
        assert len(parts) == len(files) == 1
        (part,), (file,) = parts, files
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert file.get_payload(decode=True) == content
        assert part["content-type"].params["charset"].upper() == "UTF-8"
        assert f"METHOD:{part['content-type'].params['method']}\r\n".encode() in content
        self.take(content)

    def take_all(self, letters: list[dict[str, Any]]) -> None:
        """Letters as the simulated mail company keeps them."""
        for letter in letters:
            for content in invites_in(letter):
                self.take(content)


def invites_in(letter: Mapping[str, Any]) -> list[bytes]:
    found = []
    for name, mime_type, content in letter["attachments"]:
        if name == "invite.ics":
            assert mime_type.startswith("text/calendar; method=")
            found.append(base64.b64decode(content))
    return found
