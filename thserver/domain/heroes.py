"""A hero: a person who takes calls about what he knows, for a rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thserver.domain.errors import Invalid

DISCIPLINES = ("FE", "BE", "IO", "AN", "UX")
# What a list of heroes can be ordered by.
ORDERS = ("rate_in_cents", "years_of_exp", "created")
# The longest call at this rate is just below the most that a card company takes in one charge.
HIGHEST_RATE_IN_CENTS = 800_000


@dataclass(slots=True, kw_only=True)
class Hero:
    """`rate_in_cents` is US cents per minute. `name` repeats the person's for searching, `person_active` his
    own is_active; a hero is listed while he is accepted by staff, active, and so is his person. `decided` is
    False until staff has accepted or declined him for the first time."""

    id: int
    person_id: int
    name: str
    slug: str
    discipline: str
    title: str
    description: str
    position: str
    company: str
    short_bio: str
    years_of_exp: int
    rate_in_cents: int
    linkedin_url: str
    accepted: bool = False
    decided: bool = False
    active: bool = True
    person_active: bool = True
    created: datetime
    updated: datetime

    @property
    def listed(self) -> bool:
        return self.accepted and self.active and self.person_active


@dataclass(frozen=True, slots=True)
class ToTell:
    """Something that happened to a hero and has not been told yet: applied, accepted or declined."""

    id: str
    what: str
    at: datetime


def check_offer(offer: dict[str, Any]) -> None:
    """The rules of an offer, for the fields that are there. Raises Invalid by field."""
    problems: dict[str, str] = {}
    if "discipline" in offer and offer["discipline"] not in DISCIPLINES:
        problems["discipline"] = "not_a_choice"
    if "years_of_exp" in offer and offer["years_of_exp"] < 1:
        problems["years_of_exp"] = "too_small"
    if "rate_in_cents" in offer and offer["rate_in_cents"] < 0:
        problems["rate_in_cents"] = "too_small"
    if "rate_in_cents" in offer and offer["rate_in_cents"] > HIGHEST_RATE_IN_CENTS:
        problems["rate_in_cents"] = "too_large"
    if "short_bio" in offer and len(offer["short_bio"]) >= 200:
        problems["short_bio"] = "too_long"
    if problems:
        raise Invalid(problems)
