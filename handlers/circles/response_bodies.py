"""What the document shows: people, friendships, and the notice of somebody's passing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers.circles.request_bodies import HOLDER
from handlers.fields import utc_text
from thserver.domain.circles import CircleProfile, Names, Sort
from thserver.domain.death_notices import Notice, NoticeState, Setting
from thserver.domain.media import thumb_id
from thserver.domain.people import Person
from thserver.services.circles import Followed, FollowedPage, Shown


def moment(when: datetime | None) -> str | None:
    return utc_text(when, 3) if when is not None else None


def avatar(person: Person | None) -> dict[str, Any] | None:
    """A picture from elsewhere on the web is its own thumbnail."""
    if person is None or not person.image_url:
        return None
    image_id = person.avatar_id
    thumb = person.image_url.replace(image_id, thumb_id(image_id)) if image_id else person.image_url
    return {"origin": person.image_url, "thumb": thumb}


def full_name(person: Person, middle_name: str | None = None) -> str:
    return Names(first_name=person.first_name, middle_name=middle_name, last_name=person.last_name).full_name


def signed_in(person: Person) -> dict[str, Any]:
    """A person as login and registration show him. Nobody here has an organisation, or a password that was made
    up for him."""
    return {
        "id": person.id,
        "first_name": person.first_name,
        "last_name": person.last_name or None,
        "full_name": full_name(person),
        "email": person.email,
        "avatar": avatar(person),
        "organisation": None,
        "default_password": False,
    }


def profile(person: Person, known: CircleProfile) -> dict[str, Any]:
    return {
        "id": person.id,
        "first_name": person.first_name,
        "middle_name": known.middle_name,
        "last_name": person.last_name or None,
        "full_name": full_name(person, known.middle_name),
        "email": person.email,
        "secondary_email": known.secondary_email,
        "secondary_email_confirmed": None if known.secondary_email is None else False,
        "level": "account_holder",
        "email_confirmed": person.email_verified,
        "dob": known.dob,
        "gender": known.gender,
        "contact_number": known.contact_number,
        "country": known.country,
        "avatar": avatar(person),
    }


def follower(shown: Shown) -> dict[str, Any]:
    friendship = shown.friendship
    return {
        "id": friendship.id,
        "email": friendship.email,
        "first_name": friendship.names.first_name,
        "middle_name": friendship.names.middle_name,
        "last_name": friendship.names.last_name,
        "level": friendship.level.value,
        "status": friendship.status.value,
        "avatar": avatar(shown.person),
        "mail_delivery_status": shown.mail,
        "invite_sent_at": moment(friendship.invite_sent_at),
        "created_at": moment(friendship.created),
    }


def invitation(shown: Shown) -> dict[str, Any]:
    """As in the list, with the full name."""
    body: dict[str, Any] = {}
    for name, value in follower(shown).items():
        body[name] = value
        if name == "last_name":
            body["full_name"] = shown.friendship.names.full_name
    return body


def following(row: Followed, page: FollowedPage, me: Person) -> dict[str, Any]:
    friendship = row.friendship
    return {
        "id": friendship.id,
        "first_name": friendship.names.first_name,
        "middle_name": friendship.names.middle_name,
        "last_name": friendship.names.last_name,
        "full_name": friendship.names.full_name,
        "email": friendship.email,
        "avatar": avatar(me),
        "level": friendship.level.value,
        "status": friendship.status.value,
        "invite_token": row.invite_token,
        "invite_sent_at": moment(friendship.invite_sent_at),
        "account_holder": short_person(row.holder, page),
        "death_notice": notice(row.notice, page) if row.notice is not None else None,
    }


def short_person(person: Person | None, page: FollowedPage) -> dict[str, Any] | None:
    if person is None:
        return None
    middle_name = page.middle_names.get(person.id)
    return {
        "id": person.id,
        "first_name": person.first_name,
        "middle_name": middle_name,
        "last_name": person.last_name or None,
        "full_name": full_name(person, middle_name),
        "email": person.email,
        "avatar": avatar(person),
    }


def notice(seen: Notice, page: FollowedPage) -> dict[str, Any]:
    """What was to be said is shown once two friends have confirmed that it is to be said."""
    said = seen.setting if seen.state is NoticeState.AUTHORISED else None
    return {
        "status": seen.state.value,
        "date_of_death": seen.date_of_death,
        "initiated_at": moment(seen.initiated_at),
        "authorised_at": moment(seen.authorised_at),
        "setting": setting(said),
        "funeral": {
            "location": seen.funeral.location,
            "time": moment(seen.funeral.time),
            "details": seen.funeral.details,
            "sent_at": moment(seen.funeral.sent_at),
        }
        if seen.funeral is not None
        else None,
        "initiator": short_person(page.people.get(seen.initiator_id or 0), page),
        "authoriser": short_person(page.people.get(seen.authoriser_id or 0), page),
    }


def setting(said: Setting | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        "content": said.content,
        "email_receive_condolences": said.email_receive_condolences,
        "address_receive_flowers": said.address_receive_flowers,
        "ewake_visibility": said.ewake_visibility,
    }


def listed(users: list[dict[str, Any]], *, total: int, page: int, per: int, sort: Sort) -> dict[str, Any]:
    field = {"created": "created_at"}.get(sort.field, f"{HOLDER if sort.of_holder else ''}{sort.field}")
    return {
        "http_status_code": 200,
        "users": users,
        "total": total,
        "page": page,
        "per": per,
        "sort": field,
        "order": "desc" if sort.descending else "asc",
    }
