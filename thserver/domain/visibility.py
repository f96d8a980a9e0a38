"""What one person sees of another: the one rule that every contract shows people by."""

from __future__ import annotations

from dataclasses import dataclass

from thserver.domain.people import Person


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer stands to somebody: has he got the other's number, and has the other blocked him?"""

    has_number: bool = False
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer may see of a person. `phone` (E.164) and `picture` are None where there is nothing to see."""

    person: Person
    phone: str | None
    picture: str | None


def sight(viewer_id: int, person: Person, relation: Relation) -> Sight:
    """The number is for those who have it already, or for all when the person does not hide it; the picture is for
    all. Whom he has blocked sees neither. Everybody sees all of himself."""
    if person.id == viewer_id:
        return Sight(person, person.phone, person.image_url)
    if relation.is_blocked:
        return Sight(person, None, None)
    shows_phone = relation.has_number or not person.hidden_phone
    return Sight(person, person.phone if shows_phone else None, person.image_url)
