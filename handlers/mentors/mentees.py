"""Mentee endpoints: the list, one's own information."""

from __future__ import annotations

from typing import Any

from handlers.access import signed_in
from handlers.bodies import strict_object
from handlers.descriptions import described, many
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import ListQuery, MentorsHandler
from thserver.domain.errors import AlreadyExists, NotFound


class Mentees(MentorsHandler):
    """/mentee/"""

    @signed_in
    @described(query=ListQuery, answers={200: many(answers.ListedMentee)})
    async def get(self) -> None:
        """Everybody who wants to be mentored."""
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
    @described(answers={200: many(answers.MenteeInformation)}, refuses=(NotFound,))
    async def get(self) -> None:
        """One's own information: a list of one."""
        self.reply(
            [response_bodies.mentee_information(await self.services.mentors.mentee_profile(self.me.id))]
        )

    @signed_in
    @described(
        body=request_bodies.MenteeInformation,
        answers={201: many(answers.MenteeInformation)},
        refuses=(AlreadyExists,),
    )
    async def post(self) -> None:
        """Say it for the first time; a list of one object is taken too."""
        body = self.read()
        profile = await self.services.mentors.add_mentee_profile(self.me.id, **body)
        self.reply([response_bodies.mentee_information(profile)], status=201)


class InformationUpdate(InformationHandler):
    """/menteeinfoupdate/"""

    @signed_in
    @described(
        body=request_bodies.MenteeInformationChanges,
        answers={200: answers.MenteeInformation},
        refuses=(NotFound,),
    )
    async def patch(self) -> None:
        """Change what is given; a list of one object is taken too."""
        changes = self.read()
        profile = await self.services.mentors.change_mentee_profile(self.me.id, changes)
        self.reply(response_bodies.mentee_information(profile))

    @signed_in
    @described(answers={204: None}, refuses=(NotFound,))
    async def delete(self) -> None:
        """Take it away."""
        await self.services.mentors.remove_mentee_profile(self.me.id)
        self.reply(status=204)
