"""What people are good at, when they can be met, and the categories of both meetings and skills."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler


class UserSkills(ExpertsHandler):
    """/api/user-skills/"""

    @signed_in
    @described(answers={200: many(answers.Skill)})
    async def get(self) -> None:
        """One's own skills."""
        skills, categories = await self.services.skills.of_person(self.me.id)
        self.reply([response_bodies.skill(skill, categories.get(skill.category_id)) for skill in skills])

    @signed_in
    @described(body=request_bodies.NewSkill, answers={201: answers.Skill})
    async def post(self) -> None:
        """Add one."""
        body = self.read()
        skill, category = await self.services.skills.add(self.me.id, **body)
        self.reply(response_bodies.skill(skill, category), status=201)


class UserAvailability(ExpertsHandler):
    """/api/user-availability/"""

    @signed_in
    @described(answers={200: many(answers.Window)})
    async def get(self) -> None:
        """When one can be met, by the week, in the time of one's own zone."""
        windows = await self.services.weekly_availability.of_person(self.me.id)
        self.reply([response_bodies.window(each) for each in windows])

    @signed_in
    @described(body=request_bodies.NewWindow, answers={201: answers.Window})
    async def post(self) -> None:
        """Add a time of the week."""
        body = self.read()
        window = await self.services.weekly_availability.add(self.me.id, **body)
        self.reply(response_bodies.window(window), status=201)


class Categories(ExpertsHandler):
    """/api/categories/"""

    @signed_in
    @described(answers={200: many(answers.Category)})
    async def get(self) -> None:
        """All of them."""
        categories = await self.services.categories.all()
        self.reply([{"id": category.id, "name": category.name} for category in categories])
