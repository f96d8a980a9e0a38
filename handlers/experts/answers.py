"""What contract experts answers, as its document shows it."""

from __future__ import annotations

from handlers.answers import (
    Answer,
    flag,
    given_address,
    given_email,
    list_of,
    moment,
    one_of,
    part,
    text,
    whole,
)
from handlers.experts.request_bodies import METHODS, STATUSES
from thserver.domain.credits import CURRENCY, SHOWN, PurchaseState
from thserver.domain.meetings import LEVELS, RATINGS
from thserver.domain.messages import NotificationKind

CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"


class Said(Answer):
    success = flag()
    message = text(examples=["Phone verified successfully"])


class Profile(Answer):
    """A person as he sees himself."""

    id = whole(minimum=1)
    username = text()
    email = given_email(null=True)
    first_name = text()
    last_name = text()
    bio = text()
    profile_picture = given_address(null=True)
    date_joined = moment(0)


class SignedIn(Answer):
    id = whole(minimum=1)
    username = text()
    email = given_email(null=True)
    first_name = text()
    last_name = text()
    token = text(description="Goes into `Authorization: Bearer <token>`.")


class Skill(Answer):
    id = whole(minimum=1)
    user = whole(minimum=1)
    category = whole(minimum=1)
    category_name = text()
    skill_name = text()
    proficiency_level = one_of(*LEVELS)


class Window(Answer):
    """A time of the week at which somebody can be met, by the clock of his own zone."""

    id = whole(minimum=1)
    user = whole(minimum=1)
    day_of_week = whole(minimum=0, maximum=7)
    start_time = text(pattern=CLOCK, examples=["09:00:00"])
    end_time = text(pattern=CLOCK, examples=["17:00:00"])


class Category(Answer):
    id = whole(minimum=1)
    name = text()


class Balance(Answer):
    id = whole(minimum=1)
    user = whole(minimum=1)
    balance = whole(minimum=0, description="The credits that are free to use.")
    updated_at = moment(0)


class Transferred(Said):
    new_balance = whole(minimum=0)


class Transaction(Answer):
    id = whole(minimum=1)
    user = whole(minimum=1)
    username = text()
    transaction_type = one_of(*sorted(kind.value for kind in SHOWN))
    amount = whole(minimum=0)
    description = text()
    related_meeting_id = whole(null=True, minimum=1)
    created_at = moment(0)


class Payment(Answer):
    id = whole(minimum=1)
    user = whole(minimum=1)
    payment_method = one_of(*METHODS)
    amount = text(pattern=r"^[0-9]+\.[0-9]{2}$", examples=["10.00"])
    currency = one_of(CURRENCY.upper())
    status = one_of(*(state.value for state in PurchaseState))
    credits_purchased = whole(minimum=1)
    transaction_id = text(null=True)
    created_at = moment(0)


class Purchase(Answer):
    success = flag()
    payment = part(Payment)
    transaction = part(Transaction, null=True)
    new_balance = whole(minimum=0)


class Meeting(Answer):
    id = whole(minimum=1)
    title = text()
    description = text()
    requester_id = whole(minimum=1)
    requester_name = text()
    expert_id = whole(minimum=1)
    expert_name = text()
    status = one_of(*STATUSES)
    category_id = whole(minimum=1)
    category_name = text()
    scheduled_start = moment(0)
    scheduled_end = moment(0)
    created_at = moment(0)


class Review(Answer):
    id = whole(minimum=1)
    reviewer_id = whole(minimum=1)
    reviewer_name = text()
    reviewee_id = whole(minimum=1)
    reviewee_name = text()
    rating = whole(minimum=RATINGS[0], maximum=RATINGS[-1])
    review_text = text()
    created_at = moment(0)


class NewReview(Review):
    meeting_id = whole(minimum=1)


class MeetingWithReviews(Meeting):
    reviews = list_of(Review)


class MeetingStatus(Answer):
    id = whole(minimum=1)
    status = one_of(*STATUSES)
    updated_at = moment(0)


class Message(Answer):
    id = whole(minimum=1)
    sender_id = whole(minimum=1)
    sender_name = text()
    receiver_id = whole(minimum=1)
    receiver_name = text()
    content = text()
    is_read = flag()
    created_at = moment(0)


class Notification(Answer):
    id = whole(minimum=1)
    user_id = whole(minimum=1)
    title = text()
    content = text()
    notification_type = one_of(*(kind.value for kind in NotificationKind))
    related_id = whole(
        null=True, minimum=1, description="The meeting, message or transaction that it is about."
    )
    is_read = flag()
    created_at = moment(0)


class NotificationMark(Answer):
    id = whole(minimum=1)
    is_read = flag()
    updated_at = moment(0)
