"""What people are good at."""

from __future__ import annotations

from store.database import Database
from thserver.domain.errors import AlreadyExists, Invalid
from thserver.domain.meetings import Category, Skill
from thserver.domain.ports import Clock
from thserver.services.categories import CategoryService

MOST_SKILLS = 200


class Skills:
    def __init__(self, *, database: Database, clock: Clock, categories: CategoryService) -> None:
        self._skills = database.skills
        self._numbers = database.numbers
        self._clock = clock
        self._categories = categories

    async def of_person(self, person_id: int) -> tuple[list[Skill], dict[int, Category]]:
        return await self._skills.of_person(person_id), await self._categories.by_id()

    async def add(self, person_id: int, *, category_id: int, name: str, level: str) -> tuple[Skill, Category]:
        """Raises Invalid by field."""
        category = (await self._categories.by_id()).get(category_id)
        if category is None:
            raise Invalid(category="unknown_category")
        if await self._skills.count(person_id) >= MOST_SKILLS:
            raise Invalid(name="too_many")
        skill = Skill(
            id=await self._numbers.next("skills"),
            person_id=person_id,
            category_id=category_id,
            name=name,
            level=level,
        )
        try:
            await self._skills.add(skill, now=self._clock.now())
        except AlreadyExists as error:
            raise Invalid(name="there_already") from error
        return skill, category
