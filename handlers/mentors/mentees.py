"""Mentee endpoints: the list, one's own information."""

from __future__ import annotations

from typing import Any

from handlers.access import signed_in
from handlers.base import strict_object
from handlers.mentors import request_bodies, response_bodies
from handlers.mentors.base import MentorsHandler


class Mentees(MentorsHandler):
    """/mentee/"""

    @signed_in
    async def get(self) -> None:
        page = self.page()
        listed = await self.services.mentors.listed_mentees(skip=page.skip, limit=page.size)
        self.reply([response_bodies.listed_mentee(each) for each in listed])


class InformationHandler(MentorsHandler):
    """Base: the document sends an object here and a list of one object there; both are taken."""

    def raw_body(self) -> dict[str, Any]:
        body = self.request.body.strip()
        if body.startswith(b"[") and body.endswith(b"]"):
            return strict_object(body[1:-1])
        return super().raw_body()


class Information(InformationHandler):
    """/menteeinfo/"""

    @signed_in
    async def get(self) -> None:
        self.reply(
            [response_bodies.mentee_information(await self.services.mentors.mentee_profile(self.me.id))]
        )

    @signed_in
    async def post(self) -> None:
        body = self.read(request_bodies.MenteeInformation())
        profile = await self.services.mentors.add_mentee_profile(self.me.id, **body)
        self.reply([response_bodies.mentee_information(profile)], status=201)


class InformationUpdate(InformationHandler):
    """/menteeinfoupdate/"""

    @signed_in
    async def patch(self) -> None:
        changes = self.read(request_bodies.MenteeInformationChanges())
        profile = await self.services.mentors.change_mentee_profile(self.me.id, changes)
        self.reply(response_bodies.mentee_information(profile))

    @signed_in
    async def delete(self) -> None:
        await self.services.mentors.remove_mentee_profile(self.me.id)
        self.reply(status=204)
