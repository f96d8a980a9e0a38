"""Trusted circles: how people stand to an account holder, and what follows from it for the notice of his passing.

`RIGHTS` is the one table of who may see what, do what, and is told of what. Whoever is not in the circle, and
whoever is on the grey list, has no line in it but the empty one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from thserver.domain.death_notices import NoticeState, Step
from thserver.domain.errors import BadCredentials, WrongState
from thserver.domain.outbox import OutboxState
from thserver.domain.people import Person

RESEND_AFTER = timedelta(hours=24)


class Level(StrEnum):
    TRUSTED_FRIEND = "trusted_friend"
    LIFELINK = "lifelink"
    GREY_LIST = "grey_list"


class Status(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Standing(StrEnum):
    """How somebody stands to an account holder."""

    HOLDER = "holder"
    TRUSTED_FRIEND = "trusted_friend"
    LIFELINK = "lifelink"
    NOBODY = "nobody"  # a stranger, somebody who has not accepted, somebody on the grey list: all alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """`sees`: in which states the notice; `does` and `told`: which steps; `comes`: to the gathering."""

    sees: frozenset[NoticeState] = frozenset()
    does: frozenset[Step] = frozenset()
    told: frozenset[Step] = frozenset()
    comes: bool = False


RIGHTS: dict[Standing, Rights] = {
    Standing.HOLDER: Rights(
        sees=frozenset(NoticeState),
        does=frozenset({Step.CANCELLED}),
        told=frozenset(Step),
    ),
    Standing.TRUSTED_FRIEND: Rights(
        sees=frozenset({NoticeState.INITIATED, NoticeState.AUTHORISED}),
        does=frozenset({Step.INITIATED, Step.WITHDRAWN, Step.AUTHORISED, Step.FUNERAL}),
        told=frozenset(Step),
        comes=True,
    ),
    Standing.LIFELINK: Rights(
        sees=frozenset({NoticeState.AUTHORISED}),
        told=frozenset({Step.AUTHORISED, Step.FUNERAL}),
        comes=True,
    ),
    Standing.NOBODY: Rights(),
}


class WrongPassword(BadCredentials):
    """Somebody signed in confirms with his password what cannot be undone, and it is not his."""

    code = "wrong_password"


class NotPending(WrongState):
    """An invitation that is answered already."""

    code = "not_pending"


class InvitationOver(WrongState):
    """A token that is unknown, spent, or not for whoever shows it: all alike."""

    code = "invitation_over"


class SentToday(WrongState):
    """The last mail to that address is not a day old, and did not fail."""

    code = "sent_today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    first_name: str
    middle_name: str | None = None
    last_name: str | None = None

    @property
    def full_name(self) -> str:
        return " ".join(name for name in (self.first_name, self.middle_name, self.last_name) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody to be invited."""

    email: str
    names: Names
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Friendship:
    """Somebody whom an account holder has named. `person_id` is the account that belongs to the address, if one did
    when he was named or when he accepted; `guest_id` stands for him in bookings where there is none.

    `invitation` grows with each new token, `mails` with each mail; a mail is due while `mail_due` says since when.
    """

    id: int
    holder_id: int
    email: str
    level: Level
    status: Status
    names: Names
    person_id: int | None = None
    guest_id: int | None = None
    invitation: int = 1
    mails: int = 0
    mail_due: datetime | None = None
    invite_sent_at: datetime | None = None
    created: datetime
    updated: datetime

    @property
    def mail_key(self) -> str | None:
        """The outbox's key of the last mail."""
        return f"circle-invitation:{self.id}:{self.mails}" if self.mails else None

    @property
    def is_open(self) -> bool:
        return self.status is Status.PENDING


@dataclass(frozen=True, slots=True)
class Sort:
    """`field` is one of the names, `full_name`, or another of a friendship's; `of_holder` takes the holder's names."""

    field: str
    descending: bool
    of_holder: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a circle, with his account if he has one."""

    friendship: Friendship
    person: Person | None
    standing: Standing

    @property
    def address(self) -> str:
        return (self.person.email if self.person is not None else None) or self.friendship.email

    @property
    def rights(self) -> Rights:
        return RIGHTS[self.standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleProfile:
    """What only this contract knows about a person. `dob` is yyyy-mm-dd."""

    middle_name: str | None = None
    secondary_email: str | None = None
    dob: str | None = None
    gender: str | None = None
    contact_number: str | None = None
    country: str | None = None


def standing_of(friendships: Iterable[Friendship]) -> Standing:
    """How a person stands to a holder who has named him so. One line on the grey list outweighs all others."""
    levels = set()
    for friendship in friendships:
        if friendship.level is Level.GREY_LIST:
            return Standing.NOBODY
        if friendship.status is Status.ACCEPTED:
            levels.add(friendship.level)
    if Level.TRUSTED_FRIEND in levels:
        return Standing.TRUSTED_FRIEND
    return Standing.LIFELINK if Level.LIFELINK in levels else Standing.NOBODY


def invite_token(key: str, friendship_id: int, invitation: int) -> str:
    """The token of an invitation, 160 bits: made again whenever its mail is written, kept only as its hash."""
    return hmac.new(
        key.encode(), f"invite\x1f{friendship_id}\x1f{invitation}".encode(), hashlib.sha256
    ).hexdigest()[:40]


def delivery_status(state: OutboxState | None) -> str:
    """What became of a mail, in the contract's three words; None is one that is only just being written."""
    if state is OutboxState.DONE:
        return "success"
    if state in (OutboxState.FAILED, OutboxState.DEAD, OutboxState.SUPPRESSED, OutboxState.MISSED):
        return "failure"
    return "pending"
