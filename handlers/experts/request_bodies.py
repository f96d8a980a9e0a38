"""Bodies and queries that clients send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from marshmallow import pre_load

from handlers.experts.dialect import CANCELLED, COMPLETED, CONFIRMED, PENDING
from handlers.fields import (
    MESSAGES,
    Body,
    Choice,
    Described,
    Email,
    Flag,
    Moment,
    Password,
    Phone,
    Text,
    WebAddress,
    WholeNumber,
    Zone,
    fields,
    like,
)
from thserver.domain.credits import MOST_AT_ONCE
from thserver.domain.meetings import LEVELS, RATINGS
from thserver.domain.messages import LONGEST_CONTENT

STATUSES = (PENDING, CONFIRMED, COMPLETED, CANCELLED)
ROLES = ("requester", "expert")
METHODS = ("credit_card", "debit_card")
LONGEST_NAME = 150
MOST_NUMBER = 2**63 - 1
START, END = "2030-01-07T15:00:00Z", "2030-01-07T16:00:00Z"


class Username(Text):
    """The characters that Django's users know."""

    default_error_messages = {
        "not_a_username": (
            "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
        )
    }
    FORM = re.compile(r"[\w.@+-]+")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"longest": LONGEST_NAME, **kwargs})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.FORM.fullmatch(text):
            raise self.make_error("not_a_username")
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "pattern": f"^{self.FORM.pattern}$", "examples": ["johndoe"]}


class TimeOfDay(fields.Field[time], Described):
    """`09:00:00`, or without the seconds."""

    default_error_messages = {
        **MESSAGES,
        "invalid": "Time has wrong format. Use one of these formats instead: hh:mm[:ss].",
    }
    FORM = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", re.ASCII)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> time:
        if not isinstance(value, str) or not self.FORM.fullmatch(value.strip()):
            raise self.make_error("invalid")
        return time.fromisoformat(value.strip())

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.FORM.pattern}$", "examples": ["09:00:00"]}


class Dollars(fields.Field[int], Described):
    """An amount like "10.00", as whole cents."""

    default_error_messages = {**MESSAGES, "invalid": "A valid number is required."}
    FORM = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = value.strip()
        # A float is written with a zero behind the point.
        if not self.FORM.fullmatch(text):
            raise self.make_error("invalid")
        return int(Decimal(text) * 100)

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "pattern": f"^{self.FORM.pattern}$", "examples": ["10.00"]}


class Register(Body):
    username = Username(required=True)
    email = Email(required=True, metadata=like("john@example.com"))
    password = Password(required=True, metadata=like("securepassword"))
    first_name = Text(blank=True, longest=LONGEST_NAME, load_default="")
    last_name = Text(blank=True, longest=LONGEST_NAME, load_default="")


class Login(Body):
    username = Text(required=True)
    password = Password(required=True)


class ProfileChanges(Body):
    first_name = Text(blank=True, longest=LONGEST_NAME)
    last_name = Text(blank=True, longest=LONGEST_NAME)
    bio = Text(blank=True)
    image_url = WebAddress(data_key="profile_picture", allow_none=True, blank=True)
    timezone = Zone()
    phone = Phone()


class VerifyPhone(Body):
    code = Text(required=True, longest=20, metadata=like("482913"))


class NewSkill(Body):
    category_id = WholeNumber(required=True, data_key="category", metadata=like(1))
    name = Text(required=True, longest=100, data_key="skill_name", metadata=like("JavaScript"))
    level = Choice(LEVELS, required=True, data_key="proficiency_level")


class NewWindow(Body):
    day = WholeNumber(required=True, least=0, most=7, data_key="day_of_week")
    starts = TimeOfDay(required=True, data_key="start_time")
    ends = TimeOfDay(required=True, data_key="end_time", metadata=like("17:00:00"))


class Transfer(Body):
    meeting_id = WholeNumber(required=True)
    amount = WholeNumber(required=True, least=1, metadata=like(1))


class Purchase(Body):
    payment_method = Choice(METHODS, required=True)
    amount_in_cents = Dollars(required=True, data_key="amount")
    credits = WholeNumber(
        required=True, least=1, most=MOST_AT_ONCE, data_key="credits_to_purchase", metadata=like(10)
    )


class NewMeeting(Body):
    title = Text(required=True, longest=200, metadata=like("JavaScript Consultation"))
    description = Text(blank=True, load_default="")
    expert_id = WholeNumber(required=True, metadata=like(1))
    category_id = WholeNumber(required=True, metadata=like(1))
    starts = Moment(required=True, data_key="scheduled_start", metadata=like(START))
    ends = Moment(required=True, data_key="scheduled_end", metadata=like(END))


class Query(Body):
    @pre_load
    def without_empty(self, data: Mapping[str, str], **kwargs: Any) -> dict[str, str]:
        """An empty filter is none."""
        return {name: value for name, value in data.items() if value}


class MeetingsQuery(Query):
    status = Choice(STATUSES, load_default=None)
    role = Choice(ROLES, load_default=None)


class NewStatus(Body):
    status = Choice(STATUSES, required=True)


class NewReview(Body):
    meeting_id = WholeNumber(required=True)
    reviewee_id = WholeNumber(required=True)
    rating = WholeNumber(required=True, least=RATINGS[0], most=RATINGS[-1])
    text = Text(blank=True, load_default="", data_key="review_text")


class NewMessage(Body):
    receiver_id = WholeNumber(required=True, metadata=like(2))
    content = Text(required=True, longest=LONGEST_CONTENT, metadata=like("See you tomorrow."))


class MessagesQuery(Query):
    with_user = WholeNumber(load_default=None)
    before = WholeNumber(load_default=None, most=MOST_NUMBER)


class NotificationsQuery(Query):
    is_read = Flag(load_default=None)
    before = WholeNumber(load_default=None, most=MOST_NUMBER)


class MarkNotification(Body):
    is_read = Flag(required=True)


class SocketQuery(Query):
    """`since` is the number of the last message or notification that the client has seen."""

    since = WholeNumber(load_default=None, least=0, most=MOST_NUMBER)
