"""Mentor endpoints: the list, the search by skill, one's own information."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import ListQuery, MentorsHandler
from thserver.domain.errors import AlreadyExists, NotFound
from thserver.domain.mentors import MentorProfile


class Mentors(MentorsHandler):
    """/mentor/"""

    @signed_in
    @described(query=ListQuery, answers={200: many(answers.ListedMentor)})
    async def get(self) -> None:
        """Every mentor with his availability that is not over."""
        page = self.page()
        listed = await self.services.mentors.listed(skip=page.skip, limit=page.size)
        self.reply([response_bodies.listed_mentor(each) for each in listed])


class MentorsBySkill(MentorsHandler):
    """/mentor/<str:skills>/"""

    @signed_in
    @described(query=ListQuery, answers={200: many(answers.MentorWithSkill)})
    async def get(self, skills: str) -> None:
        """Mentors who know any of these skills, comma-separated."""
        page = self.page()
        found = await self.services.mentors.with_any_skill(skills.split(","), skip=page.skip, limit=page.size)
        self.reply([response_bodies.mentor_with_skill(each) for each in found])


class InformationHandler(MentorsHandler):
    """Base: shows a mentor's information with his availability."""

    lists = ("skills",)

    async def show(self, profile: MentorProfile, *, status: int = 200) -> None:
        windows = await self.services.availability.of_mentors([profile.person_id])
        self.reply(
            response_bodies.mentor_information(profile, windows.get(profile.person_id, [])), status=status
        )


class Information(InformationHandler):
    """/mentorinfo/"""

    @signed_in
    @described(answers={200: answers.MentorInformation}, refuses=(NotFound,))
    async def get(self) -> None:
        """One's own information."""
        await self.show(await self.services.mentors.profile(self.me.id))

    @signed_in
    @described(
        body=request_bodies.MentorInformation,
        answers={201: answers.MentorInformation},
        refuses=(AlreadyExists,),
    )
    async def post(self) -> None:
        """Say it for the first time."""
        body = self.read()
        await self.show(await self.services.mentors.add_profile(self.me.id, **body), status=201)


class InformationUpdate(InformationHandler):
    """/mentorinfoupdate/"""

    @signed_in
    @described(
        body=request_bodies.MentorInformationChanges,
        answers={200: answers.MentorInformation},
        refuses=(NotFound,),
    )
    async def patch(self) -> None:
        """Change what is given."""
        changes = self.read()
        await self.show(await self.services.mentors.change_profile(self.me.id, changes))

    @signed_in
    @described(answers={204: None}, refuses=(NotFound,))
    async def delete(self) -> None:
        """Take it away."""
        await self.services.mentors.remove_profile(self.me.id)
        self.reply(status=204)
