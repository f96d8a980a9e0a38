"""What staff do about things that were not said: sent again once, and never twice when they may have gone out."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.outbox_makers import PHONE, Post, make_post
from thserver.domain.errors import NotFound, WrongState
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState, Purpose, ref_of
from thserver.domain.ports import CarrierMessage, Outcome, Sent
from thserver.services.outbox_desk import OutboxDesk, Resent

REFUSED = Sent(Outcome.FAILED, reason="21211")
UNKNOWN = Sent(Outcome.UNKNOWN, reason="20500")
FIRST, SECOND = f"SM{1:032}", f"SM{2:032}"


@pytest.fixture
def post(database: Database, clock: FakeClock) -> Post:
    return make_post(database, clock)


@pytest.fixture
def desk(post: Post) -> OutboxDesk:
    return OutboxDesk(database=post.database, clock=post.clock, outbox=post.outbox)


def listed(sid: str, status: str) -> CarrierMessage:
    return CarrierMessage(sid=sid, to=PHONE, body="Hello there", status=status, sent_at=None, error_code=None)


async def said(post: Post, *outcomes: Sent) -> None:
    post.carrier.outcomes.extend(outcomes)
    await post.text()
    await post.settle()


async def test_what_was_refused_is_sent_again_once(post: Post, desk: OutboxDesk) -> None:
    await said(post, REFUSED)
    assert [row.key for row in await desk.troubled()] == ["notice:1"]
    assert await desk.again("notice:1") is Resent.ON_ITS_WAY
    with pytest.raises(WrongState):
        await desk.again("notice:1")
    await post.settle()
    assert (len(post.carrier.texts), await post.state()) == (2, "done")
    assert await desk.troubled() == []


async def test_late_news_of_the_first_try_does_not_count_for_the_second(post: Post, desk: OutboxDesk) -> None:
    await said(post)
    ref = ref_of("notice:1")
    await post.outbox.report(ref, sid=FIRST, status="undelivered", error_code="30003")
    await desk.again("notice:1")
    await post.outbox.report(ref, sid=FIRST, status="failed", error_code="30003")
    await post.settle()
    await post.outbox.report(ref, sid=FIRST, status="undelivered", error_code="30003")
    row = await post.row()
    assert (row.state, row.provider_id) == (OutboxState.DONE, SECOND)
    await post.outbox.report(ref, sid=SECOND, status="delivered", error_code=None)
    assert (await post.row()).delivery_status == "delivered"


async def test_of_what_may_have_gone_out_the_carrier_is_asked_first(post: Post, desk: OutboxDesk) -> None:
    await said(post, UNKNOWN)
    assert await desk.again("notice:1") is Resent.IN_DOUBT
    post.carrier.listed.append(listed(FIRST, "delivered"))
    assert await desk.again("notice:1") is Resent.WENT_OUT
    assert len(post.carrier.texts) == 1


async def test_what_the_carrier_does_not_have_or_could_not_deliver_is_sent_again(
    post: Post, desk: OutboxDesk
) -> None:
    await said(post, UNKNOWN)
    post.carrier.listed.append(listed(FIRST, "undelivered"))
    assert await desk.again("notice:1") is Resent.ON_ITS_WAY
    await post.settle()
    assert (len(post.carrier.texts), await post.state()) == (2, "done")


async def test_codes_and_what_was_not_to_be_said_are_not_sent_again(post: Post, desk: OutboxDesk) -> None:
    post.carrier.outcomes.append(REFUSED)
    await post.outbox.send_code(key="code:1", to=PHONE, body="Your code", valid_for_s=300)
    await said(post)
    for key in ("code:1", "notice:1"):
        with pytest.raises(WrongState):
            await desk.again(key)
    with pytest.raises(NotFound):
        await desk.again("nothing")
    assert len(post.carrier.texts) == 2


async def test_what_was_given_up_is_listed_by_kind(post: Post, desk: OutboxDesk) -> None:
    for kind in OutboxKind:
        await post.database.outbox.add(
            OutboxRow(
                key=kind.value, ref=ref_of(kind.value), kind=kind, state=OutboxState.DEAD, purpose=Purpose.NOTICE,
                to=PHONE, person_id=None, due=post.clock.now(), created=post.clock.now(), updated=post.clock.now(),
            )
        )  # fmt: skip
    assert await desk.dead(OutboxKind.LETTER) == ["letter"]
    assert sorted(await desk.dead()) == sorted(kind.value for kind in OutboxKind)
