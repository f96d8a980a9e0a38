"""Meetings: made, shown, left and completed, and who is in them."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.gatherings import answers, request_bodies, response_bodies
from handlers.gatherings.base import GatheringsHandler, UploadHandler
from thserver.domain.errors import NotAllowed, TimeTaken, WrongState
from thserver.domain.gatherings import Gathering


class MeetingHandler(GatheringsHandler):
    def reply_with(self, gathering: Gathering) -> None:
        self.reply(response_bodies.meeting(gathering, self.settings["base_url"]))


class Meetings(UploadHandler):
    """/api/meetings/"""

    @signed_in
    @described(
        body=request_bodies.NewMeeting,
        files={"logo": True},
        only_form=True,
        answers={201: answers.Meeting},
        refuses=(TimeTaken,),
    )
    async def post(self) -> None:
        """A new meeting; whoever makes it is its king."""
        body, logo = await self.read_with_picture("logo", required=True)
        assert logo is not None
        gathering = await self.services.gatherings.create(self.me, picture=logo, **body)
        self.reply(response_bodies.meeting(gathering, self.settings["base_url"]), status=201)

    @signed_in
    @described(query=request_bodies.MeetingsQuery, answers={200: many(answers.Meeting)})
    async def get(self) -> None:
        """One's own, those that are completed only with `all`."""
        with_completed = self.read_query()["with_completed"]
        gatherings = await self.services.gatherings.of(self.me, with_completed=with_completed)
        base_url = self.settings["base_url"]
        self.reply([response_bodies.meeting(gathering, base_url) for gathering in gatherings])


class Meeting(MeetingHandler):
    """/api/meetings/:id/"""

    @signed_in
    @described(answers={200: answers.Meeting})
    async def get(self, meeting_id: str) -> None:
        """One meeting, for its members."""
        self.reply_with(await self.services.gatherings.get(self.me, int(meeting_id)))

    @signed_in
    @described(
        body=request_bodies.MeetingChanges,
        answers={200: answers.Meeting},
        refuses=(NotAllowed, WrongState, TimeTaken),
    )
    async def patch(self, meeting_id: str) -> None:
        """The king completes it, or moves it to another time."""
        body = self.read()
        self.reply_with(await self.services.gatherings.update(self.me, int(meeting_id), **body))

    @signed_in
    @described(answers={204: None})
    async def delete(self, meeting_id: str) -> None:
        """Leave it."""
        await self.services.gatherings.leave(self.me.id, int(meeting_id))
        self.reply(status=204)


class MeetingUsers(MeetingHandler):
    """/api/meetings/:id/users/"""

    @signed_in
    @described(body=request_bodies.OneUser, answers={200: answers.Meeting}, refuses=(NotAllowed, WrongState))
    async def put(self, meeting_id: str) -> None:
        """Invite somebody."""
        user_id = self.read()["user"]
        self.reply_with(await self.services.gatherings.invite(self.me, int(meeting_id), user_id))

    @signed_in
    @described(body=request_bodies.OneUser, answers={200: answers.Meeting}, refuses=(NotAllowed, WrongState))
    async def delete(self, meeting_id: str) -> None:
        """Exclude somebody."""
        user_id = self.read()["user"]
        self.reply_with(await self.services.gatherings.exclude(self.me, int(meeting_id), user_id))
