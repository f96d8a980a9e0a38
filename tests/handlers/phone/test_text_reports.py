"""What becomes of our texts: each report of the phone company counts once, in any order."""

from __future__ import annotations

import asyncio

import pytest

from store.database import Database
from tests.clients.phone_company import PhoneCompany
from tests.fakes.clock import FakeClock
from tests.handlers.phone.text_makers import STRANGER, new_sid, say
from thserver.domain.outbox import ref_of
from thserver.domain.ports import Outcome, Sent
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

# What becomes of ours.


async def report(phone_company: PhoneCompany, key: str, sid: str, status: str, **more: str) -> int:
    path = f"/phone/texts/{ref_of(key)}/status"
    answer = await phone_company.post(path, {"MessageSid": sid, "MessageStatus": status, **more})
    assert answer.body == b""
    return int(answer.code)


async def sent_text(services: Services, key: str, monkeypatch: pytest.MonkeyPatch, **known: object) -> str:
    """A text of ours that the carrier has taken; its sid."""
    sid = new_sid()

    async def take(*args: object, **kwargs: object) -> Sent:
        return Sent(Outcome.DONE, sid)

    monkeypatch.setattr(services.carrier, "send_text", take)
    arguments = {"key": key, "to": STRANGER, "person_id": None, "body": "hello", "purpose": "notice", **known}
    await services.outbox.add_text(**arguments)  # type: ignore[arg-type]
    await services.background.idle()
    return sid


async def test_delivery_is_recorded_once_in_any_order(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    for status in ("delivered", "queued", "sent", "delivered", "sent"):
        assert await report(phone_company, "notice:1", sid, status) == 204
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.delivery_status) == ("done", "delivered")
    assert await database.text_events._collection.count_documents({"sid": sid}) == 3


async def test_the_same_report_twenty_times_at_once_counts_once(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    codes = await asyncio.gather(
        *(report(phone_company, "notice:1", sid, "undelivered", ErrorCode="30003") for _ in range(20))
    )
    assert codes == [204] * 20
    assert await database.text_events._collection.count_documents({"sid": sid}) == 1
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.reason) == ("failed", "30003")


async def test_an_unknown_status_is_kept_and_is_no_state(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    for status in ("teleported", "", "x" * 5000):
        assert await report(phone_company, "notice:1", sid, status) == 204
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.delivery_status) == ("done", None)
    assert await database.text_events._collection.count_documents({"sid": sid}) == 3


async def test_a_report_of_a_text_that_nobody_knows_is_kept_and_adopted_later(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sid = new_sid()
    assert await report(phone_company, "notice:1", sid, "delivered") == 204
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 0

    async def lose(*args: object, **kwargs: object) -> Sent:
        return Sent(Outcome.UNKNOWN, reason="lost")

    monkeypatch.setattr(services.carrier, "send_text", lose)
    await services.outbox.add_text(
        key="notice:1", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    assert await services.texts.apply_left_over() == 1
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.provider_id) == ("done", sid)
    assert await services.texts.apply_left_over() == 0


async def say_stop_to_who_dies(
    phone_company: PhoneCompany, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that takes it dies before it counts."""

    async def die(*args: object) -> bool:
        return False

    with monkeypatch.context() as dying:
        dying.setattr(services.texts, "_apply", die)
        await say(phone_company, "STOP")


async def test_an_event_whose_process_died_before_it_counted_counts_after_all(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await say_stop_to_who_dies(phone_company, services, monkeypatch)
    assert not await database.opt_outs.has(STRANGER)
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 1
    assert await database.opt_outs.has(STRANGER)


async def test_a_stop_that_counts_late_does_not_undo_a_later_start(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await say_stop_to_who_dies(phone_company, services, monkeypatch)
    clock.advance(minutes=1)
    await say(phone_company, "START")
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 1
    assert not await database.opt_outs.has(STRANGER)


async def test_what_is_left_over_is_found_by_its_index(database: Database, clock: FakeClock) -> None:
    query = {"unapplied": {"$gte": clock.now(), "$lt": clock.now()}}
    plan = await database.text_events._collection.find(query).sort("unapplied", -1).explain()
    assert "COLLSCAN" not in repr(plan["queryPlanner"]["winningPlan"])


async def test_a_whole_exchange_with_the_simulated_carrier(
    base_url: str, services: Services, carrier: SimulatedCarrier, mail: SimulatedMail, database: Database
) -> None:
    await services.outbox.add_text(
        key="notice:1", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    await carrier.settled()
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert row.delivery_status == "delivered"
    answers = await carrier.text_from(STRANGER, "STOP")
    assert len(answers) == 1
    assert "unsubscribed" in answers[0]["body"]
    await services.outbox.add_text(
        key="notice:2", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    row = await database.outbox.get("notice:2")
    assert row is not None
    assert row.state.value == "suppressed"
