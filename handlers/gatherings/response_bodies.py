"""Bodies of this contract's answers: the business's objects as the document shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from handlers.fields import utc_text
from thserver.domain.gatherings import Gathering
from thserver.domain.media import url_path
from thserver.domain.people import Person
from thserver.domain.visibility import Sight


def signed_in(person: Person, token: str) -> dict[str, Any]:
    return {"user_id": person.id, "token": token}


def account(person: Person) -> dict[str, Any]:
    """A person as he sees himself."""
    return {
        "id": person.id,
        "name": person.full_name,
        "phone": person.phone,
        "created": str(int(person.created.timestamp())),
        "hidden_phone": person.hidden_phone,
        "avatar": person.image_url,
    }


def user(seen: Sight) -> dict[str, Any]:
    """A person as the viewer sees him: without the key where there is no number to see."""
    body: dict[str, Any] = {"id": seen.person.id, "name": seen.person.full_name}
    if seen.phone is not None:
        body["phone"] = seen.phone
    body["avatar"] = seen.picture
    return body


def meeting(gathering: Gathering, base_url: str) -> dict[str, Any]:
    return {
        "id": gathering.id,
        "title": gathering.title,
        "description": gathering.description,
        "logo": base_url + url_path(gathering.logo_id),
        "time": utc_text(gathering.starts) if gathering.starts is not None else None,
        "created": utc_text(gathering.created),
        "completed": gathering.completed,
        "king": gathering.king_id,
        "users": list(gathering.member_ids),
    }


def users(seen: Iterable[Sight]) -> list[dict[str, Any]]:
    return [user(each) for each in seen]
