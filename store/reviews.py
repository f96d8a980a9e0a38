"""What the people of a meeting say of each other afterwards: each once."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, IndexModel

from store.collection import Collection
from thserver.domain.meetings import Review


def from_document(found: dict[str, Any]) -> Review:
    return Review(
        id=found["_id"],
        booking_id=found["booking_id"],
        reviewer_id=found["reviewer_id"],
        reviewee_id=found["reviewee_id"],
        rating=found["rating"],
        text=found["text"],
        created=found["created"],
    )


class Reviews(Collection):
    name = "reviews"
    indexes = (
        IndexModel([("booking_id", ASCENDING), ("reviewer_id", ASCENDING)], name="one_by_each", unique=True),
    )

    async def add(self, review: Review) -> None:
        """Raises AlreadyExists for a second one of the same person about the same meeting."""
        await self._collection.insert_one(
            {
                "_id": review.id,
                "booking_id": review.booking_id,
                "reviewer_id": review.reviewer_id,
                "reviewee_id": review.reviewee_id,
                "rating": review.rating,
                "text": review.text,
                "created": review.created,
            }
        )

    async def of_booking(self, booking_id: int) -> list[Review]:
        """The earliest first."""
        cursor = self._collection.find({"booking_id": booking_id})
        return sorted((from_document(found) for found in await cursor.to_list()), key=lambda each: each.id)
