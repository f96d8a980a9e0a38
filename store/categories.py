"""What meetings are about: a short list that is there from the beginning."""

from __future__ import annotations

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from store.collection import Collection
from thserver.domain.meetings import Category

# Their numbers are what clients keep: new ones go to the end.
CATEGORIES = (
    "Software Development",
    "Career Development",
    "Design",
    "Data Science",
    "Product Management",
    "Marketing",
    "Business Strategy",
    "Finance",
    "Legal",
    "Language Learning",
    "Education",
    "Health and Wellness",
)

DUPLICATE = 11000


class Categories(Collection):
    name = "categories"

    async def seed(self) -> None:
        """Add what is missing. What an operator has renamed or added stays as it is."""
        wanted = [
            UpdateOne({"_id": number}, {"$setOnInsert": {"name": name}}, upsert=True)
            for number, name in enumerate(CATEGORIES, start=1)
        ]
        try:
            await self._collection.bulk_write(wanted, ordered=False)
        except BulkWriteError as error:
            # Another process was at it too.
            if any(problem["code"] != DUPLICATE for problem in error.details["writeErrors"]):
                raise

    async def all(self) -> list[Category]:
        cursor = self._collection.find({}).sort("_id")
        return [Category(found["_id"], found["name"]) for found in await cursor.to_list()]
