"""Meetings: made, shown, left and completed, and who is in them."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.gatherings import request_bodies, response_bodies
from handlers.gatherings.base import GatheringsHandler, UploadHandler
from thserver.domain.gatherings import Gathering


class MeetingHandler(GatheringsHandler):
    def reply_with(self, gathering: Gathering) -> None:
        self.reply(response_bodies.meeting(gathering, self.settings["base_url"]))


class Meetings(UploadHandler):
    """/api/meetings/"""

    @signed_in
    async def post(self) -> None:
        """A new meeting; whoever makes it is its king."""
        body, logo = await self.read_with_picture(request_bodies.NewMeeting(), "logo", required=True)
        assert logo is not None
        gathering = await self.services.gatherings.create(self.me, picture=logo, **body)
        self.reply(response_bodies.meeting(gathering, self.settings["base_url"]), status=201)

    @signed_in
    async def get(self) -> None:
        """One's own, those that are completed only with `all`."""
        with_completed = self.read_query(request_bodies.MeetingsQuery())["with_completed"]
        gatherings = await self.services.gatherings.of(self.me, with_completed=with_completed)
        base_url = self.settings["base_url"]
        self.reply([response_bodies.meeting(gathering, base_url) for gathering in gatherings])


class Meeting(MeetingHandler):
    """/api/meetings/:id/"""

    @signed_in
    async def get(self, meeting_id: str) -> None:
        self.reply_with(await self.services.gatherings.get(self.me, int(meeting_id)))

    @signed_in
    async def patch(self, meeting_id: str) -> None:
        body = self.read(request_bodies.MeetingChanges())
        self.reply_with(await self.services.gatherings.update(self.me, int(meeting_id), **body))

    @signed_in
    async def delete(self, meeting_id: str) -> None:
        """Leave it."""
        await self.services.gatherings.leave(self.me.id, int(meeting_id))
        self.reply(status=204)


class MeetingUsers(MeetingHandler):
    """/api/meetings/:id/users/"""

    @signed_in
    async def put(self, meeting_id: str) -> None:
        """Invite somebody."""
        user_id = self.read(request_bodies.OneUser())["user"]
        self.reply_with(await self.services.gatherings.invite(self.me, int(meeting_id), user_id))

    @signed_in
    async def delete(self, meeting_id: str) -> None:
        """Exclude somebody."""
        user_id = self.read(request_bodies.OneUser())["user"]
        self.reply_with(await self.services.gatherings.exclude(self.me, int(meeting_id), user_id))
