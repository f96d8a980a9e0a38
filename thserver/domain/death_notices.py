"""The notice of somebody's passing: its states, what may follow which, and what two trusted friends must both say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from thserver.domain.errors import NotAllowed, NotFound, WrongState

FRIENDS_NEEDED = 2
GATHERING_MINUTES = 60
# East of everywhere: nobody's calendar is further ahead.
FURTHEST_ZONE = timedelta(hours=14)


class NoticeState(StrEnum):
    OPEN = "open"
    INITIATED = "initiated"
    AUTHORISED = "authorised"


class Step(StrEnum):
    """What can happen to a notice."""

    INITIATED = "initiated"
    CANCELLED = "cancelled"  # the account holder has signed in
    WITHDRAWN = "withdrawn"  # the one who initiated it is no trusted friend any more
    AUTHORISED = "authorised"
    FUNERAL = "funeral"


# Step → (from which state, to which).
STEPS: dict[Step, tuple[NoticeState, NoticeState]] = {
    Step.INITIATED: (NoticeState.OPEN, NoticeState.INITIATED),
    Step.CANCELLED: (NoticeState.INITIATED, NoticeState.OPEN),
    Step.WITHDRAWN: (NoticeState.INITIATED, NoticeState.OPEN),
    Step.AUTHORISED: (NoticeState.INITIATED, NoticeState.AUTHORISED),
    Step.FUNERAL: (NoticeState.AUTHORISED, NoticeState.AUTHORISED),
}


class NotATrustedFriend(NotFound):
    """No accepted trusted friend of such an account holder, whether there is one or not."""

    code = "not_a_trusted_friend"


class TooFewFriends(WrongState):
    code = "too_few_friends"


class AlreadyInitiated(WrongState):
    code = "already_initiated"


class NotInitiated(WrongState):
    code = "not_initiated"


class OwnInitiation(NotAllowed):
    """Two different friends must confirm a death."""

    code = "own_initiation"


class AlreadyAuthorised(WrongState):
    code = "already_authorised"


class NotAuthorised(WrongState):
    code = "not_authorised"


class DetailsSent(WrongState):
    code = "details_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an account holder wants to be said. `ewake_visibility` is public or lifelink_only."""

    content: str
    email_receive_condolences: str | None = None
    address_receive_flowers: str | None = None
    ewake_visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """`id` is unique within the notice; `given` is what was said with it (confirmations)."""

    id: str
    step: Step
    by: int
    at: datetime
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funeral:
    """`booking_id` is the gathering by phone."""

    time: datetime
    location: str
    details: str | None
    sent_at: datetime
    by: int
    booking_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notice of an account holder's passing; `count` is how many steps there were, `untold` which of them have
    not been told yet. `date_of_death` is yyyy-mm-dd."""

    holder_id: int
    state: NoticeState = NoticeState.OPEN
    count: int = 0
    setting: Setting | None = None
    date_of_death: str | None = None
    initiated_at: datetime | None = None
    initiator_id: int | None = None
    authorised_at: datetime | None = None
    authoriser_id: int | None = None
    funeral: Funeral | None = None
    untold: tuple[StepTaken, ...] = ()


def check_step(notice: Notice, step: Step, by: int) -> None:
    """Whether this may follow now. Who may do it at all is in RIGHTS. Raises what speaks against it."""
    if step is Step.INITIATED:
        if notice.state is NoticeState.INITIATED:
            raise AlreadyInitiated
        if notice.state is NoticeState.AUTHORISED:
            raise AlreadyAuthorised
    elif step is Step.AUTHORISED:
        if notice.state is NoticeState.AUTHORISED:
            raise AlreadyAuthorised
        if notice.state is NoticeState.OPEN:
            raise NotInitiated
        if notice.initiator_id == by:
            raise OwnInitiation
    elif step is Step.FUNERAL:
        if notice.state is not NoticeState.AUTHORISED:
            raise NotAuthorised
        if notice.funeral is not None:
            raise DetailsSent
    elif notice.state is not STEPS[step][0]:
        raise WrongState
