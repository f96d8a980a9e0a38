"""What is said to the outside: written first, sent once, its outcome recorded."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from store.database import Database
from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.makers import make_person
from tests.outbox_makers import PHONE, Post, draft, make_post
from thserver.domain.outbox import MOST_TRIES, OutboxState, ref_of
from thserver.domain.ports import Outcome, Sent
from thserver.services import outbox as outbox_module

RETRY = Sent(Outcome.RETRY, reason="20429")
FAILED = Sent(Outcome.FAILED, reason="21211")
OPTED_OUT = Sent(Outcome.FAILED, reason="21610")


@pytest.fixture
def post(database: Database, clock: FakeClock) -> Post:
    return make_post(database, clock)


async def test_a_text_goes_out_at_once_and_its_outcome_is_recorded(post: Post) -> None:
    assert await post.text()
    await post.settle()
    assert post.carrier.texts == [(PHONE, "Hello there", f"/phone/texts/{ref_of('notice:1')}/status")]
    row = await post.row()
    assert (row.state, row.attempts, row.provider_id) == (OutboxState.DONE, 1, f"SM{1:032}")


async def test_the_same_key_is_said_once(post: Post) -> None:
    added = await asyncio.gather(*(post.text() for _ in range(20)))
    await post.settle()
    assert sorted(added) == [False] * 19 + [True]
    assert len(post.carrier.texts) == 1


async def test_a_row_is_sent_by_one_of_two_processes(
    post: Post, database: Database, clock: FakeClock
) -> None:
    others = [make_post(database, clock, carrier=post.carrier) for _ in range(2)]
    post.outbox._deliver_soon = lambda key: None  # type: ignore[method-assign]
    for number in range(30):
        await post.text(f"notice:{number}")
    await asyncio.gather(*(each.outbox.deliver_due() for each in (post, *others)))
    assert len(post.carrier.texts) == 30


async def test_no_more_than_so_many_are_sent_at_once(post: Post, database: Database) -> None:
    full, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        if post.carrier.sending_now == outbox_module.AT_ONCE:
            full.set()
        await go_on.wait()

    post.carrier.during = wait
    post.outbox._deliver_soon = lambda key: None  # type: ignore[method-assign]
    for number in range(40):
        await post.text(f"notice:{number}")
    delivering = asyncio.ensure_future(post.outbox.deliver_due())
    await full.wait()
    for _ in range(10):
        assert await database.outbox.count(OutboxState.SENDING) == outbox_module.AT_ONCE
    go_on.set()
    await delivering
    assert len(post.carrier.texts) == 40
    assert post.carrier.most_at_once == outbox_module.AT_ONCE


async def test_what_was_surely_not_sent_is_tried_again_with_growing_pauses(post: Post) -> None:
    post.carrier.outcomes.extend([RETRY, RETRY])
    await post.text()
    await post.settle()
    assert await post.state() == "waiting"
    await post.sweep(seconds=9)
    assert len(post.carrier.texts) == 1
    await post.sweep(seconds=1)
    assert len(post.carrier.texts) == 2
    await post.sweep(seconds=19)
    assert len(post.carrier.texts) == 2
    await post.sweep(seconds=1)
    assert await post.state() == "done"


async def test_after_the_last_try_it_is_dead_and_says_why_and_is_mailed_instead(post: Post) -> None:
    post.carrier.outcomes.extend([RETRY] * 20)
    await post.text(instead=draft())
    await post.settle()
    for _ in range(20):
        await post.sweep(minutes=15)
    row = await post.row()
    assert (row.state, row.reason, row.attempts) == (OutboxState.DEAD, "20429", MOST_TRIES)
    assert len(post.carrier.texts) == MOST_TRIES
    assert [letter.to for letter in post.mail.letters] == ["cam@example.com"]
    assert [each.key for each in await post.outbox.recent(OutboxState.DEAD)] == ["notice:1"]


async def test_something_dead_can_be_tried_again_by_hand(post: Post) -> None:
    post.carrier.outcomes.extend([RETRY] * MOST_TRIES)
    await post.text()
    await post.settle()
    for _ in range(MOST_TRIES):
        await post.sweep(minutes=15)
    assert await post.state() == "dead"
    assert await post.outbox.again("notice:1")
    await post.settle()
    assert await post.state() == "done"
    assert not await post.outbox.again("notice:1")


async def test_a_refused_text_fails_and_is_mailed_instead(post: Post) -> None:
    post.carrier.outcomes.append(FAILED)
    await post.text(instead=draft())
    await post.settle()
    assert await post.state() == "failed"
    assert len(post.mail.letters) == 1
    await post.sweep(hours=1)
    assert len(post.carrier.texts) == 1


async def test_a_number_that_opted_out_gets_no_text_but_the_letter_in_its_place(post: Post) -> None:
    await post.database.opt_outs.set(PHONE, out=True, source="SM1", at=post.clock.now())
    await post.text(instead=draft())
    await post.settle()
    row = await post.row()
    assert (row.state, row.reason) == (OutboxState.SUPPRESSED, "opted_out")
    assert post.carrier.texts == []
    assert len(post.mail.letters) == 1


async def test_the_carriers_word_that_a_number_opted_out_is_kept(post: Post) -> None:
    post.carrier.outcomes.append(OPTED_OUT)
    await post.text(instead=draft())
    await post.settle()
    assert await post.state() == "suppressed"
    assert await post.database.opt_outs.has(PHONE)
    assert len(post.mail.letters) == 1
    await post.text("notice:2")
    await post.settle()
    assert len(post.carrier.texts) == 1


async def test_too_late_is_missed_and_not_sent(post: Post) -> None:
    await post.text(not_after=post.clock.now() - timedelta(seconds=1))
    await post.settle()
    assert await post.state() == "missed"
    assert post.carrier.texts == []


async def test_a_letter_whose_outcome_is_unknown_is_repeated_as_the_same_mail(post: Post) -> None:
    post.mail.outcomes.append(Sent(Outcome.UNKNOWN, reason="SMTPServerDisconnected"))
    await post.letter()
    await post.settle()
    await post.sweep(seconds=10)
    assert await post.state("letter:1") == "done"
    first, second = post.mail.letters
    assert first.message_id == second.message_id == f"<{ref_of('letter:1')}@www.example.com>"


async def test_what_is_waiting_to_be_said_cannot_be_read_in_the_database(post: Post) -> None:
    post.carrier.outcomes.append(RETRY)
    await post.text(body="PIN 482913 if asked", instead=dataclasses.replace(draft(), facts={"pin": "482913"}))
    await post.settle()
    row = await post.row()
    assert row.sealed is not None
    assert row.instead is not None
    assert b"482913" not in row.sealed + row.instead
    collection = post.database.outbox._collection
    assert "482913" not in repr([document async for document in collection.find()])


async def test_a_letter_that_cannot_be_made_does_not_stop_the_others(post: Post) -> None:
    await post.letter("letter:poison", facts={})
    await post.letter("letter:good")
    await post.settle()
    assert await post.state("letter:good") == "done"
    for _ in range(MOST_TRIES):
        await post.sweep(minutes=15)
    row = await post.row("letter:poison")
    assert (row.state, row.reason) == (OutboxState.DEAD, "UndefinedError")


async def test_an_unknown_template_is_refused_when_it_is_asked_for(post: Post) -> None:
    with pytest.raises(LookupError):
        await post.letter(template="no_such_letter")


async def test_notices_do_not_reach_who_is_not_active_or_wants_no_mail_but_account_letters_do(
    world: World, clock: FakeClock
) -> None:
    post = make_post(world.database, clock)
    quiet = await make_person(world.services)
    await world.database.people.change(quiet.id, {"email_notifications": False})
    gone = await make_person(world.services)
    await world.database.people.change(gone.id, {"is_active": False})
    for person in (quiet, gone):
        await post.letter(f"notice:{person.id}", person_id=person.id)
        await post.letter(f"account:{person.id}", person_id=person.id, purpose="account")
    await post.text("text:quiet", person_id=quiet.id)
    await post.text("text:gone", person_id=gone.id)
    await post.settle()
    assert await post.state(f"notice:{quiet.id}") == await post.state(f"notice:{gone.id}") == "suppressed"
    assert await post.state(f"account:{quiet.id}") == await post.state(f"account:{gone.id}") == "done"
    assert (await post.state("text:quiet"), await post.state("text:gone")) == ("done", "suppressed")


async def test_a_code_is_sent_inline_and_its_text_is_never_kept(post: Post) -> None:
    sent = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 735261", valid_for_s=600)
    assert sent.outcome is Outcome.DONE
    assert post.carrier.texts[0][1] == "Your code is 735261"
    documents = [document async for document in post.database.outbox._collection.find()]
    assert "735261" not in repr(documents)
    assert (await post.row("code:1")).sealed is None


async def test_the_same_code_is_not_sent_twice_and_its_outcome_is_the_answer(post: Post) -> None:
    post.carrier.outcomes.append(FAILED)
    first = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 1", valid_for_s=600)
    second = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 1", valid_for_s=600)
    assert first.outcome is second.outcome is Outcome.FAILED
    assert len(post.carrier.texts) == 1


async def test_a_code_goes_out_to_a_number_that_opted_out_of_the_rest(post: Post) -> None:
    await post.database.opt_outs.set(PHONE, out=True, source="SM1", at=post.clock.now())
    sent = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 1", valid_for_s=600)
    assert sent.outcome is Outcome.DONE


async def test_a_code_that_the_carrier_would_not_take_now_is_not_sent_later(post: Post) -> None:
    post.carrier.outcomes.append(RETRY)
    sent = await post.outbox.send_code(key="code:1", to=PHONE, body="Your code is 1", valid_for_s=600)
    assert sent.outcome is Outcome.RETRY
    await post.sweep(hours=1)
    assert len(post.carrier.texts) == 1
    assert await post.state("code:1") == "failed"


async def test_a_long_standstill_is_made_up_for_in_one_pass(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "BATCH", 10)
    post.outbox._deliver_soon = lambda key: None  # type: ignore[method-assign]
    for number in range(35):
        await post.text(f"notice:{number}")
    assert await post.outbox.deliver_due() == 35
    assert len(post.carrier.texts) == 35


async def test_every_query_of_the_outbox_has_an_index(post: Post) -> None:
    collection = post.database.outbox._collection
    for query in (
        {"state": "waiting", "due": {"$lte": post.clock.now()}},
        {"state": "sending", "lease_until": {"$lte": post.clock.now()}, "kind": "text"},
        {"ref": "x"},
        {"provider_id": "SM1"},
        {"booking_id": 7},
    ):
        plan = await collection.find(query).explain()
        assert "COLLSCAN" not in repr(plan["queryPlanner"]["winningPlan"]), query
