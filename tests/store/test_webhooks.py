"""Webhooks in the database: one number for each event of a booking, and an index for every question."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from thserver.domain.errors import AlreadyExists
from thserver.domain.webhook_events import Event, EventDraft, make_event
from thserver.domain.webhooks import Delivery, DeliveryState, LogQuery, Try, make_delivery

NOW = FakeClock().now()
MINUTE = timedelta(minutes=1)


def an_event(key: str = "one", *, sequence: int = 1) -> Event:
    draft = EventDraft(key=key, type="booking.agreed", subject="booking:7", booking_id=7, at=NOW, data={})
    return make_event(draft, sequence=sequence, now=NOW)


async def a_delivery(database: Database, endpoint_id: str = "ep_1") -> Delivery:
    delivery = make_delivery(an_event(), endpoint_id, NOW)
    await database.webhook_deliveries.add([delivery])
    return delivery


async def test_two_events_of_a_booking_never_have_one_number(database: Database) -> None:
    events = database.webhook_events
    await events.add(an_event())
    with pytest.raises(AlreadyExists) as same:
        await events.add(an_event(sequence=2))
    assert same.value.field == "_id"
    with pytest.raises(AlreadyExists) as taken:
        await events.add(an_event("two"))
    assert taken.value.field == "booking_id"
    assert await events.last_sequence(7) == 1
    assert await events.get(an_event().id) == an_event()


async def test_only_the_latest_claimant_records_an_outcome(database: Database) -> None:
    rows = database.webhook_deliveries
    delivery = await a_delivery(database)
    assert await rows.add([delivery, make_delivery(an_event(), "ep_2", NOW)]) == 1
    first = await rows.claim(delivery.id, now=NOW, until=NOW + MINUTE)
    assert first is not None
    assert await rows.claim(delivery.id, now=NOW, until=NOW + MINUTE) is None
    later = NOW + MINUTE
    second = await rows.claim(delivery.id, now=later, until=later + MINUTE)
    assert second is not None
    tried = Try(NOW, 200, None, 5, "ok")
    assert not await rows.record(first, tried, DeliveryState.DELIVERED, now=later)
    assert await rows.record(second, tried, DeliveryState.DELIVERED, expires=later + MINUTE, now=later)
    assert await rows.forget(later) == 0
    assert await rows.forget(later + MINUTE) == 1


async def test_every_question_has_an_index(database: Database) -> None:
    await a_delivery(database)
    await database.webhook_events.add(an_event())
    asked: list[dict[str, Any]] = []
    for collection in (database.webhook_deliveries, database.webhook_events, database.webhook_endpoints):
        real = collection._collection

        class Spy:
            """Explains what is looked for instead of only finding it."""

            def __init__(self, real: Any) -> None:
                self._real = real

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

            def find(self, query: dict[str, Any], *rest: Any) -> Any:
                cursor = self._real.find(query, *rest)
                asked.append({"cursor": cursor.clone(), "query": query})
                return cursor

        collection._collection = Spy(real)  # type: ignore[assignment]
    rows, events, endpoints = database.webhook_deliveries, database.webhook_events, database.webhook_endpoints
    await rows.due("ep_1", NOW, limit=5)
    for wanted in (
        LogQuery("ep_1"),
        LogQuery("ep_1", DeliveryState.WAITING),
        LogQuery(state=DeliveryState.FAILED),
        LogQuery(type="booking.agreed"),
        LogQuery(booking_id=7),
    ):
        await rows.page(wanted, skip=0, limit=5)
    await events.last_sequence(7)
    await events.settled_keys("booking:7")
    await events.left_over(before=NOW)
    await events.since(NOW, after_id="", limit=5)
    await endpoints.enabled()
    await endpoints.wanting("booking.agreed")
    await endpoints.untold()
    for each in asked:
        plan = str((await each["cursor"].explain())["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in plan, each["query"]
    found = await events.since(NOW, after_id="", limit=5)
    assert await events.since(NOW, after_id=found[-1].id, limit=5) == []
    assert dataclasses.asdict(found[0])["key"] == "one"
