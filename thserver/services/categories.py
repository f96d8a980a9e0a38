"""The categories of meetings and skills; the first look puts them there."""

from __future__ import annotations

from store.database import Database
from thserver.domain.meetings import Category


class CategoryService:
    def __init__(self, *, database: Database) -> None:
        self._categories = database.categories
        self._are_there = False

    async def all(self) -> list[Category]:
        if not self._are_there:
            await self._categories.seed()
            self._are_there = True
        return await self._categories.all()

    async def by_id(self) -> dict[int, Category]:
        return {category.id: category for category in await self.all()}
