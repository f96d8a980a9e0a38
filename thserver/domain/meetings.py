"""What belongs to meetings with experts: what they are about, what experts can do, what people say afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LEVELS = ("beginner", "intermediate", "advanced", "expert")
RATINGS = range(1, 6)


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """`level` is one of LEVELS."""

    id: int
    person_id: int
    category_id: int
    name: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one participant says of the other."""

    id: int
    booking_id: int
    reviewer_id: int
    reviewee_id: int
    rating: int
    text: str
    created: datetime
