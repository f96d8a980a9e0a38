"""What mentors and mentees tell about themselves, beside the account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from thserver.domain.errors import Invalid

MOST_SKILLS = 50
LONGEST_SKILL = 100
# A list that everybody may ask for ends somewhere; `page` leads on.
LIST_SIZE = 1000


@dataclass(slots=True, kw_only=True)
class MentorProfile:
    """`person_id` is its number in the document too: a mentor is a person."""

    person_id: int
    about_me: str = ""
    skills: list[str] = field(default_factory=list)
    team_number: int = 0


@dataclass(slots=True, kw_only=True)
class MenteeProfile:
    person_id: int
    team_number: int = 0


def tidy_skills(given: Iterable[str]) -> list[str]:
    """Skills as they are kept: split at commas (they separate skills in a search), each once. Raises Invalid."""
    skills: dict[str, str] = {}
    for text in given:
        for part in text.split(","):
            if skill := " ".join(part.split()):
                skills.setdefault(skill.casefold(), skill)
    if len(skills) > MOST_SKILLS:
        raise Invalid(skills="too_many_skills")
    if any(len(skill) > LONGEST_SKILL for skill in skills.values()):
        raise Invalid(skills="skill_too_long")
    return list(skills.values())


def search_words(skills: Iterable[str]) -> list[str]:
    """The form in which skills are compared."""
    return [skill.casefold() for skill in skills]
