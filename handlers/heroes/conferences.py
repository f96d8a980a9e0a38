"""Conferences: what was logged when people dialled in, whichever contract the call was booked through."""

from __future__ import annotations

from typing import Any

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.fields import utc_text
from handlers.heroes import answers
from handlers.heroes.base import HeroesHandler
from handlers.paging import Page, PageQuery
from thserver.domain.bookings import Booking
from thserver.domain.conferences import Action, Conference
from thserver.domain.errors import NotAllowed, NotFound
from thserver.domain.people import Person
from thserver.services.conferences import Minutes

CONFERENCE_LOG = "Conference Log"
# A call that joined without having rung here: it is in the log, and nobody pays for it.
UNKNOWN_CALLER = "Unknown caller"
OF_THE_WHOLE = (Action.START, Action.END)


class Conferences(HeroesHandler):
    """/api/v1/conferences/"""

    @signed_in
    @described(query=PageQuery, answers={200: answers.ConferencePage}, refuses=(NotFound,))
    async def get(self) -> None:
        """A page of the conferences of one's own calls, the newest first."""
        query = self.read_query()
        page = Page(query["page"], query["page_size"])
        minutes = await self.services.conferences.of_person(self.me, skip=page.skip, limit=page.size)
        results = [summary(conference, minutes) for conference in minutes.conferences]
        self.reply(page.answer(self.request, self.settings["base_url"], minutes.count, results))


class ConferenceDetail(HeroesHandler):
    """/api/v1/conferences/:conference_id"""

    @signed_in
    @described(answers={200: answers.Conference}, refuses=(NotAllowed,))
    async def get(self, sid: str) -> None:
        """One conference with its log, in the order of the call."""
        minutes = await self.services.conferences.get(self.me, sid)
        self.reply(detail(minutes.conferences[0], minutes))


def summary(conference: Conference, minutes: Minutes) -> dict[str, Any]:
    return {
        "sid": conference.sid,
        "friendly_name": conference.room,
        "call_request": call_request(minutes.bookings.get(conference.booking_id), minutes.people),
        "created": utc_text(conference.created),
    }


def detail(conference: Conference, minutes: Minutes) -> dict[str, Any]:
    """The conference with its log, in the order of the call."""
    shown = summary(conference, minutes)
    created = shown.pop("created")
    logs = [
        {
            "user": CONFERENCE_LOG
            if entry.action in OF_THE_WHOLE
            else name_of(entry.person_id, minutes.people, otherwise=UNKNOWN_CALLER),
            "action": entry.action,
            "timestamp": utc_text(entry.at),
        }
        for entry in conference.log
    ]
    return {**shown, "logs": logs, "created": created}


def call_request(booking: Booking | None, people: dict[int, Person]) -> dict[str, Any] | None:
    if booking is None:
        return None
    return {
        "id": booking.id,
        "user": name_of(booking.guest_ids[0] if booking.guest_ids else None, people),
        "hero": name_of(booking.host_id, people),
        "message": booking.message,
        "estimated_length": booking.minutes,
        "agreed_time": utc_text(booking.starts) if booking.starts is not None else None,
    }


def name_of(person_id: int | None, people: dict[int, Person], otherwise: str = "Somebody") -> str:
    person = people.get(person_id) if person_id is not None else None
    return person.full_name if person is not None else otherwise
