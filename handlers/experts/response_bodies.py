"""What clients are answered: the documents' keys in the documents' order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers.experts.dialect import STATUS_WORDS
from handlers.experts.notification_words import worded
from handlers.fields import utc_text
from thserver.domain.bookings import Booking
from thserver.domain.credits import CURRENCY, Account, Entry, Kind, Purchase
from thserver.domain.meetings import Category, Review, Skill
from thserver.domain.messages import Item, Message, Notification
from thserver.domain.people import Person
from thserver.domain.weekly_availability import WeeklyWindow
from thserver.services.meetings import Facts

NOBODY = "Somebody"


def moment(value: datetime) -> str:
    return utc_text(value, 0)


def username(person: Person) -> str:
    """Somebody from another contract may have none; he is the only one who sees what stands for it."""
    return person.username or person.email or ""


def name_of(person: Person | None) -> str:
    return person.full_name if person is not None else NOBODY


def signed_in(person: Person, token: str) -> dict[str, Any]:
    return {
        "id": person.id,
        "username": username(person),
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "token": token,
    }


def profile(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "username": username(person),
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "bio": person.bio,
        "profile_picture": person.image_url or None,
        "date_joined": moment(person.created),
    }


def skill(skill: Skill, category: Category | None) -> dict[str, Any]:
    return {
        "id": skill.id,
        "user": skill.person_id,
        "category": skill.category_id,
        "category_name": category.name if category is not None else "",
        "skill_name": skill.name,
        "proficiency_level": skill.level,
    }


def window(window: WeeklyWindow) -> dict[str, Any]:
    return {
        "id": window.id,
        "user": window.person_id,
        "day_of_week": window.day,
        "start_time": window.starts.isoformat(),
        "end_time": window.ends.isoformat(),
    }


def balance(account: Account) -> dict[str, Any]:
    return {
        "id": account.person_id,
        "user": account.person_id,
        "balance": account.free,
        "updated_at": moment(account.updated),
    }


def transaction(entry: Entry, person: Person) -> dict[str, Any]:
    return {
        "id": entry.number,
        "user": entry.person_id,
        "username": username(person),
        "transaction_type": entry.kind.value,
        "amount": entry.amount,
        "description": description(entry),
        "related_meeting_id": entry.booking_id,
        "created_at": moment(entry.at),
    }


def description(entry: Entry) -> str:
    many = entry.amount != 1
    if entry.kind is Kind.INITIAL:
        return "Initial free credit"
    if entry.kind is Kind.PURCHASED:
        return f"Purchased {entry.amount} credit{'s' if many else ''} for ${entry.amount}.00"
    what = f"{entry.amount} credits" if many else "Credit"
    if entry.kind is Kind.EARNED:
        return f"{what} earned for meeting as expert"
    return f"{what} spent for meeting with expert"


def payment(purchase: Purchase) -> dict[str, Any]:
    dollars, cents = divmod(purchase.amount_in_cents, 100)
    return {
        "id": purchase.id,
        "user": purchase.person_id,
        "payment_method": purchase.payment_method,
        "amount": f"{dollars}.{cents:02}",
        "currency": CURRENCY.upper(),
        "status": purchase.state.value,
        "credits_purchased": purchase.credits,
        "transaction_id": purchase.transaction_id,
        "created_at": moment(purchase.created),
    }


def meeting(booking: Booking, facts: Facts) -> dict[str, Any]:
    category = facts.categories.get(booking.details["category_id"])
    requester_id = booking.guest_ids[0]
    assert booking.starts is not None, "a meeting has a time from the beginning"
    return {
        "id": booking.id,
        "title": booking.details["title"],
        "description": booking.message,
        "requester_id": requester_id,
        "requester_name": name_of(facts.people.get(requester_id)),
        "expert_id": booking.host_id,
        "expert_name": name_of(facts.people.get(booking.host_id)),
        "status": STATUS_WORDS[booking.state],
        "category_id": booking.details["category_id"],
        "category_name": category.name if category is not None else "",
        "scheduled_start": moment(booking.starts),
        "scheduled_end": moment(booking.details["ends"]),
        "created_at": moment(booking.created),
    }


def review(review: Review, people: Mapping[int, Person]) -> dict[str, Any]:
    """As it stands in the meeting that it is about."""
    return {
        "id": review.id,
        "reviewer_id": review.reviewer_id,
        "reviewer_name": name_of(people.get(review.reviewer_id)),
        "reviewee_id": review.reviewee_id,
        "reviewee_name": name_of(people.get(review.reviewee_id)),
        "rating": review.rating,
        "review_text": review.text,
        "created_at": moment(review.created),
    }


def new_review(new: Review, people: Mapping[int, Person]) -> dict[str, Any]:
    """As it stands by itself."""
    shown = review(new, people)
    return {"id": shown.pop("id"), "meeting_id": new.booking_id, **shown}


def message(message: Message, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": message.id,
        "sender_id": message.sender_id,
        "sender_name": names.get(message.sender_id, NOBODY),
        "receiver_id": message.receiver_id,
        "receiver_name": names.get(message.receiver_id, NOBODY),
        "content": message.content,
        "is_read": message.is_read,
        "created_at": moment(message.created),
    }


def notification(notification: Notification, names: Mapping[int, str]) -> dict[str, Any]:
    title, content = worded(
        notification.what, notification.facts, names.get(notification.other_id or 0, NOBODY)
    )
    return {
        "id": notification.id,
        "user_id": notification.person_id,
        "title": title,
        "content": content,
        "notification_type": notification.kind.value,
        "related_id": notification.related_id,
        "is_read": notification.is_read,
        "created_at": moment(notification.created),
    }


def event(item: Item, names: Mapping[int, str]) -> dict[str, Any]:
    """What goes over a socket when this is new."""
    if isinstance(item, Message):
        return {"type": "message.receive", "message": message(item, names)}
    return {"type": "notification.receive", "notification": notification(item, names)}
