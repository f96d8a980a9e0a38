"""Messages between two people, and notifications for one: what reaches whoever is looking at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from thserver.domain.errors import NotAllowed, NotFound

LONGEST_CONTENT = 2000


class Blocked(NotAllowed):
    """The other one has blocked this person."""

    code = "blocked"


class NotificationNotFound(NotFound):
    """There is no such notification, or it is somebody else's."""

    code = "notification_not_found"


class NotificationKind(StrEnum):
    MEETING_REQUEST = "meeting_request"
    MEETING_CONFIRMED = "meeting_confirmed"
    MEETING_CANCELLED = "meeting_cancelled"
    MEETING_REMINDER = "meeting_reminder"
    NEW_MESSAGE = "new_message"
    REVIEW_REMINDER = "review_reminder"
    CREDIT_UPDATE = "credit_update"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`id` is 0 until it is posted. Messages and notifications share their numbers, and one person's become visible
    in the order of their numbers: whoever has seen one has seen, or could see, all below it."""

    id: int = 0
    sender_id: int
    receiver_id: int
    content: str
    is_read: bool = False
    created: datetime

    @property
    def people_ids(self) -> tuple[int, ...]:
        return (self.sender_id, self.receiver_id)

    def read_by(self, person_id: int) -> Message:
        """The same, once this person has seen it."""
        return replace(self, is_read=True) if person_id == self.receiver_id else self

    def is_between(self, one: int, other: int) -> bool:
        return {one, other} == {self.sender_id, self.receiver_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`key` is deterministic, so that nobody is told twice. What it says is worded when it is shown, from `what`, the
    `facts` and the present name of `other_id`: nobody's name is kept here. `related_id` is the message's, meeting's
    or transaction's number."""

    id: int = 0
    person_id: int
    key: str | None
    kind: NotificationKind
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    other_id: int | None = None
    related_id: int | None = None
    is_read: bool = False
    created: datetime
    updated: datetime

    @property
    def people_ids(self) -> tuple[int, ...]:
        return (self.person_id,)


Item = Message | Notification


def ids_named_in(item: Item) -> tuple[int, ...]:
    """The people whose names are needed to show it."""
    if isinstance(item, Message):
        return item.people_ids
    return () if item.other_id is None else (item.other_id,)
