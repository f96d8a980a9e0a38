"""What the phone company tells about a conference: kept as it came, answered at once, applied afterwards."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from handlers.access import signed_by_carrier
from handlers.phone.base import PhoneHandler
from thserver.domain.conferences import ConferenceEvent

LARGEST_NUMBER = 10**9


class ConferenceEvents(PhoneHandler):
    """/phone/conferences/{booking}/events"""

    @signed_by_carrier
    async def post(self, booking_id: str) -> None:
        """204 for everything authentic, also for what we have no use for."""
        conference_sid = self.value("ConferenceSid")
        if re.fullmatch(r"CF[0-9A-Za-z]{1,64}", conference_sid):
            await self.services.conferences.record(
                int(booking_id), conference_sid, self._event(), raw=self._raw()
            )
        self.reply()

    def _event(self) -> ConferenceEvent:
        number = sequence_number(self.value("SequenceNumber"))
        digest = hashlib.sha256(self.request.body).hexdigest()
        return ConferenceEvent(
            key=str(number) if number is not None else f"body:{digest}",
            sequence_number=number,
            name=self.value("StatusCallbackEvent")[:100],
            at=moment(self.value("Timestamp")) or self.services.clock.now(),
            call_sid=self.value("CallSid")[:100] or None,
            room=self.value("FriendlyName")[:250],
        )

    def _raw(self) -> list[list[str]]:
        return [[name, value] for name, values in self.posted.items() for value in values]


def sequence_number(text: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        return None
    number = int(text)
    return number if number < LARGEST_NUMBER else None


def moment(text: str) -> datetime | None:
    """The carrier's RFC 2822 date, None where it is no date of this age."""
    try:
        found = parsedate_to_datetime(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if 2000 <= found.year < 3000 else None
