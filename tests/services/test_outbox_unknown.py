"""Texts that may have gone out: never repeated blindly, resolved by the carrier's report or by its own list."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.outbox_makers import PHONE, Post, draft, make_post
from thserver.domain.outbox import OutboxRow, OutboxState, ref_of
from thserver.domain.people import Person
from thserver.domain.ports import CarrierMessage, Outcome, Sent
from thserver.services.outbox_sender import Sender

UNKNOWN = Sent(Outcome.UNKNOWN, reason="20500")
SID = "SM" + "a" * 32
REF = ref_of("notice:1")


@pytest.fixture
def post(database: Database, clock: FakeClock) -> Post:
    return make_post(database, clock)


def listed(
    status: str = "delivered", error_code: str | None = None, body: str = "Hello there"
) -> CarrierMessage:
    return CarrierMessage(sid=SID, to=PHONE, body=body, status=status, sent_at=None, error_code=error_code)


async def unknown_text(post: Post, **known: Any) -> None:
    post.carrier.outcomes.append(UNKNOWN)
    await post.text(**known)
    await post.settle()
    assert await post.state() == "unknown"


async def test_a_text_with_an_unknown_outcome_is_not_sent_again_blindly(post: Post) -> None:
    await unknown_text(post)
    for _ in range(4):
        await post.sweep(minutes=1)
    assert len(post.carrier.texts) == 1
    assert post.carrier.looks >= 3


async def test_what_the_carriers_list_shows_is_what_happened(post: Post) -> None:
    await unknown_text(post)
    post.carrier.listed.append(listed())
    await post.sweep(minutes=1)
    row = await post.row()
    assert (row.state, row.provider_id, row.delivery_status) == (OutboxState.DONE, SID, "delivered")
    assert len(post.carrier.texts) == 1


async def test_a_listed_text_that_failed_is_mailed_instead(post: Post) -> None:
    await unknown_text(post, instead=draft())
    post.carrier.listed.append(listed("undelivered", "30003"))
    await post.sweep(minutes=1)
    row = await post.row()
    assert (row.state, row.reason) == (OutboxState.FAILED, "30003")
    assert len(post.mail.letters) == 1


async def test_a_text_that_is_surely_not_on_the_list_is_sent_again(post: Post) -> None:
    await unknown_text(post)
    for _ in range(5):
        await post.sweep(minutes=1)
    await post.sweep(minutes=1)
    assert len(post.carrier.texts) == 2
    assert await post.state() == "done"


async def test_a_list_that_cannot_be_read_proves_nothing(post: Post) -> None:
    await unknown_text(post)
    post.carrier.list_is_away = True
    for _ in range(30):
        await post.sweep(minutes=1)
    assert len(post.carrier.texts) == 1
    assert await post.state() == "unknown"
    post.carrier.list_is_away = False
    post.carrier.listed.append(listed())
    await post.sweep(minutes=2)
    assert await post.state() == "done"


async def test_a_listed_text_that_belongs_to_another_row_is_not_taken_for_this_one(post: Post) -> None:
    post.carrier.outcomes.append(Sent(Outcome.DONE, SID))
    await post.text("notice:earlier")
    await post.settle()
    post.carrier.listed.append(listed())
    await unknown_text(post)
    await post.sweep(minutes=1)
    assert await post.state() == "unknown"


async def test_the_carriers_report_resolves_an_unknown_text(post: Post) -> None:
    await unknown_text(post)
    assert await post.outbox.report(REF, sid=SID, status="sent", error_code=None)
    row = await post.row()
    assert (row.state, row.provider_id) == (OutboxState.DONE, SID)
    await post.sweep(hours=1)
    assert len(post.carrier.texts) == 1


async def test_a_report_that_comes_before_the_answer_to_sending_counts(post: Post) -> None:
    async def report() -> None:
        await post.outbox.report(REF, sid=SID, status="delivered", error_code=None)

    post.carrier.during = report
    post.carrier.outcomes.append(UNKNOWN)
    await post.text()
    await post.settle()
    row = await post.row()
    assert (row.state, row.delivery_status) == (OutboxState.DONE, "delivered")


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
async def test_reports_in_any_order_end_the_same(post: Post, order: tuple[str, ...]) -> None:
    post.carrier.outcomes.append(Sent(Outcome.DONE, SID))
    await post.text()
    await post.settle()
    for status in order * 2:
        await post.outbox.report(REF, sid=SID, status=status, error_code=None)
    row = await post.row()
    assert (row.state, row.delivery_status) == (OutboxState.DONE, "delivered")


async def test_the_last_report_absorbs_what_comes_after_it(post: Post) -> None:
    post.carrier.outcomes.append(Sent(Outcome.DONE, SID))
    await post.text(instead=draft())
    await post.settle()
    for status, code in (
        ("undelivered", "30003"),
        ("sent", None),
        ("delivered", None),
        ("undelivered", "30003"),
    ):
        await post.outbox.report(REF, sid=SID, status=status, error_code=code)
    await post.settle()
    row = await post.row()
    assert (row.state, row.reason) == (OutboxState.FAILED, "30003")
    assert len(post.mail.letters) == 1


async def test_a_report_about_another_message_changes_nothing(post: Post) -> None:
    post.carrier.outcomes.append(Sent(Outcome.DONE, SID))
    await post.text()
    await post.settle()
    await post.outbox.report(REF, sid="SM" + "b" * 32, status="failed", error_code="30008")
    assert (await post.row()).state is OutboxState.DONE


async def test_a_report_that_the_number_opted_out_is_kept_and_the_letter_sent(post: Post) -> None:
    post.carrier.outcomes.append(Sent(Outcome.DONE, SID))
    await post.text(instead=draft())
    await post.settle()
    await post.outbox.report(REF, sid=SID, status="failed", error_code="21610")
    await post.settle()
    assert await post.state() == "suppressed"
    assert await post.database.opt_outs.has(PHONE)
    assert len(post.mail.letters) == 1


async def test_a_text_whose_process_died_while_sending_is_unknown_not_sent_again(
    post: Post, database: Database, clock: FakeClock
) -> None:
    dead = make_post(database, clock)
    sending = asyncio.Event()

    async def never_end() -> None:
        sending.set()
        await asyncio.Event().wait()

    dead.carrier.during = never_end
    await dead.text()
    await sending.wait()
    await post.sweep(seconds=30)
    assert await post.state() == "sending"
    await post.sweep(seconds=31)
    assert await post.state() == "unknown"
    assert post.carrier.texts == []
    await dead.background.close(seconds=0)


async def test_a_letter_whose_process_died_while_sending_is_sent_again(post: Post) -> None:
    post.outbox._deliver_soon = lambda key: None  # type: ignore[method-assign]
    await post.letter()
    now = post.clock.now()
    claimed = await post.database.outbox.claim(
        "letter:1", state=OutboxState.WAITING, now=now, lease_until=now + timedelta(seconds=60)
    )
    assert claimed is not None
    await post.sweep(seconds=61)
    assert await post.state("letter:1") == "done"
    assert not await post.database.outbox.finish(claimed, OutboxState.FAILED, now=post.clock.now())
    assert await post.state("letter:1") == "done"


async def test_a_sender_that_slept_past_its_lease_may_not_record_an_outcome(post: Post) -> None:
    """The fencing token: another process has taken the row over and finished it."""
    post.outbox._deliver_soon = lambda key: None  # type: ignore[method-assign]
    await post.letter()
    now = post.clock.now()
    slept = await post.database.outbox.claim(
        "letter:1", state=OutboxState.WAITING, now=now, lease_until=now + timedelta(seconds=60)
    )
    assert slept is not None
    later = post.clock.advance(seconds=61)
    await post.database.outbox.end_leases(later, ask_from=later)
    taken = await post.database.outbox.claim(
        "letter:1", state=OutboxState.WAITING, now=later, lease_until=later + timedelta(seconds=60)
    )
    assert taken is not None
    assert taken.fence > slept.fence
    assert not await post.database.outbox.finish(slept, OutboxState.FAILED, now=later)
    assert await post.database.outbox.finish(taken, OutboxState.DONE, now=later)
    assert await post.state("letter:1") == "done"


async def test_a_sender_that_slept_past_its_lease_does_not_send_any_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Sender._check

    async def slow_check(self: Sender, row: OutboxRow) -> Person | None:
        post.clock.advance(seconds=61)
        return await check(self, row)

    monkeypatch.setattr(Sender, "_check", slow_check)
    await post.text()
    await post.settle()
    assert post.carrier.texts == []


async def test_a_text_that_became_useless_while_its_outcome_was_unknown_is_missed(post: Post) -> None:
    await unknown_text(post, not_after=post.clock.now() + timedelta(minutes=3))
    for _ in range(8):
        await post.sweep(minutes=1)
    assert await post.state() == "missed"
    assert len(post.carrier.texts) == 1


async def test_a_code_whose_outcome_stays_unknown_ends_failed(post: Post) -> None:
    post.carrier.outcomes.append(UNKNOWN)
    sent = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 1", valid_for_s=600)
    assert sent.outcome is Outcome.UNKNOWN
    for _ in range(8):
        await post.sweep(minutes=1)
    row = await post.row("code:1")
    assert (row.state, row.reason) == (OutboxState.FAILED, "not_confirmed")
    assert len(post.carrier.texts) == 1
