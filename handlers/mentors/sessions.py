"""Session endpoints: one's own sessions, asking for one, confirming and cancelling it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import ListQuery, MentorsHandler
from handlers.mentors.dialect import CANCELED, CONFIRMED
from thserver.domain.bookings import Booking
from thserver.domain.errors import NotAllowed, TimeTaken, WrongState


class SessionHandler(MentorsHandler):
    """Base: words sessions."""

    async def worded(
        self, sessions: Sequence[Booking], *, with_mentee_name: bool = False
    ) -> list[dict[str, Any]]:
        people = await self.services.sessions.people_in(sessions)
        now = self.services.clock.now()
        return [
            response_bodies.session(each, people, now, with_mentee_name=with_mentee_name) for each in sessions
        ]


class Sessions(SessionHandler):
    """/session/"""

    @signed_in
    @described(query=ListQuery, answers={200: many(answers.Session)})
    async def get(self) -> None:
        """One's own sessions, as mentor and as mentee, the latest first."""
        page = self.page()
        found = await self.services.sessions.of_person(self.me.id, skip=page.skip, limit=page.size)
        self.reply(await self.worded(found))


class ArchivedSessions(SessionHandler):
    """/archivesession/"""

    @signed_in
    @described(query=ListQuery, answers={200: many(answers.SessionWithMentee)})
    async def get(self) -> None:
        """Those that began more than a day ago."""
        page = self.page()
        found = await self.services.sessions.of_person(
            self.me.id, archived=True, skip=page.skip, limit=page.size
        )
        self.reply(await self.worded(found, with_mentee_name=True))


class SessionRequests(SessionHandler):
    """/sessionrequest/"""

    @signed_in
    @described(
        body=request_bodies.SessionRequest,
        answers={201: answers.SessionWithMentee},
        refuses=(TimeTaken,),
    )
    async def post(self) -> None:
        """Ask a mentor for a session within his availability."""
        asked = self.read()
        session = await self.services.sessions.request(self.me, **asked)
        self.reply((await self.worded([session], with_mentee_name=True))[0], status=201)


class SessionRequest(SessionHandler):
    """/sessionrequest/<int:pk>"""

    @signed_in
    @described(
        body=request_bodies.SessionStatus, answers={201: answers.Session}, refuses=(NotAllowed, WrongState)
    )
    async def patch(self, pk: str) -> None:
        """The mentor confirms, either side cancels. Nothing else is for people to say."""
        status = self.read()["status"]
        move = {
            CONFIRMED: self.services.sessions.confirm,
            CANCELED: self.services.sessions.cancel,
        }.get(status, self.refuse)
        session = await move(self.me.id, int(pk))
        self.reply((await self.worded([session]))[0], status=201)

    async def refuse(self, person_id: int, session_id: int) -> Booking:
        """`Pending` is where it began, and `Completed` follows from the conference."""
        await self.services.sessions.find(person_id, session_id)
        raise WrongState
