"""The rules of circles and notices: who stands how, and which step may follow which."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from thserver.domain.circles import (
    Friendship,
    Level,
    Names,
    Standing,
    Status,
    delivery_status,
    invite_token,
    standing_of,
)
from thserver.domain.death_notices import (
    STEPS,
    AlreadyAuthorised,
    AlreadyInitiated,
    DetailsSent,
    Funeral,
    NotAuthorised,
    Notice,
    NoticeState,
    NotInitiated,
    OwnInitiation,
    Step,
    check_step,
)
from thserver.domain.errors import Refusal, WrongState
from thserver.domain.outbox import OutboxState

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
FUNERAL = Funeral(time=NOW, location="here", details=None, sent_at=NOW, by=1, booking_id=1)


def named(level: Level, status: Status) -> Friendship:
    return Friendship(
        id=1,
        holder_id=1,
        email="a@example.com",
        level=level,
        status=status,
        names=Names(first_name="A"),
        created=NOW,
        updated=NOW,
    )


@pytest.mark.parametrize(("level", "status"), list(product(Level, Status)))
def test_only_who_has_accepted_stands_anywhere(level: Level, status: Status) -> None:
    expected = Standing.NOBODY
    if status is Status.ACCEPTED and level is not Level.GREY_LIST:
        expected = Standing(level.value)
    assert standing_of([named(level, status)]) is expected


def test_the_grey_list_outweighs_all_and_a_trusted_friend_a_lifelink() -> None:
    friend, grey = named(Level.TRUSTED_FRIEND, Status.ACCEPTED), named(Level.GREY_LIST, Status.ACCEPTED)
    link = named(Level.LIFELINK, Status.ACCEPTED)
    assert standing_of([link, friend]) is Standing.TRUSTED_FRIEND
    assert standing_of([link, friend, grey]) is Standing.NOBODY
    assert standing_of([]) is Standing.NOBODY


OPEN = Notice(holder_id=1)
INITIATED = Notice(holder_id=1, state=NoticeState.INITIATED, initiator_id=2)
AUTHORISED = Notice(holder_id=1, state=NoticeState.AUTHORISED, initiator_id=2, authoriser_id=3)
TOLD = Notice(holder_id=1, state=NoticeState.AUTHORISED, initiator_id=2, authoriser_id=3, funeral=FUNERAL)


@pytest.mark.parametrize(
    ("notice", "step", "by", "refused"),
    [
        (OPEN, Step.INITIATED, 2, None),
        (OPEN, Step.AUTHORISED, 2, NotInitiated),
        (OPEN, Step.FUNERAL, 2, NotAuthorised),
        (OPEN, Step.CANCELLED, 1, WrongState),
        (OPEN, Step.WITHDRAWN, 2, WrongState),
        (INITIATED, Step.INITIATED, 3, AlreadyInitiated),
        (INITIATED, Step.AUTHORISED, 2, OwnInitiation),
        (INITIATED, Step.AUTHORISED, 3, None),
        (INITIATED, Step.FUNERAL, 3, NotAuthorised),
        (INITIATED, Step.CANCELLED, 1, None),
        (INITIATED, Step.WITHDRAWN, 2, None),
        (AUTHORISED, Step.INITIATED, 3, AlreadyAuthorised),
        (AUTHORISED, Step.AUTHORISED, 4, AlreadyAuthorised),
        (AUTHORISED, Step.FUNERAL, 2, None),
        (AUTHORISED, Step.CANCELLED, 1, WrongState),
        (AUTHORISED, Step.WITHDRAWN, 2, WrongState),
        (TOLD, Step.FUNERAL, 3, DetailsSent),
    ],
)
def test_which_step_may_follow(notice: Notice, step: Step, by: int, refused: type[Refusal] | None) -> None:
    if refused is None:
        check_step(notice, step, by)
        assert STEPS[step][0] is notice.state
        return
    with pytest.raises(refused):
        check_step(notice, step, by)


def test_a_token_is_the_same_whenever_it_is_made_and_another_for_every_invitation() -> None:
    tokens = {invite_token(key, id_, n) for key in ("a", "b") for id_ in (1, 2, 12) for n in (1, 2, 21)}
    assert len(tokens) == 18
    assert invite_token("a", 1, 2) == invite_token("a", 1, 2)
    assert all(len(token) == 40 for token in tokens)


def test_every_state_of_a_mail_has_one_of_the_three_words() -> None:
    assert delivery_status(None) == "pending"
    said = {state: delivery_status(state) for state in OutboxState}
    assert {state for state, word in said.items() if word == "success"} == {OutboxState.DONE}
    assert {state for state, word in said.items() if word == "pending"} == {
        OutboxState.WAITING,
        OutboxState.SENDING,
        OutboxState.UNKNOWN,
    }
