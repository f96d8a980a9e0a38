"""Webhooks: what happens is told to every endpoint that wants it until it is heard; what failed is tried and replayed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.fakes.webhook_receiver import receiving
from tests.webhook_makers import a_booking, register, sweep
from thserver.domain import webhook_events
from thserver.domain import webhooks as rules
from thserver.domain.errors import WrongState
from thserver.domain.webhooks import DeliveryState


async def test_every_move_of_a_booking_is_told_in_order_with_ids_and_nothing_secret(world: World) -> None:
    async with receiving() as receiver:
        await register(world.services, receiver, "*")
        booking = await a_booking(world)
        told = sorted((each.told for each in receiver.requests), key=lambda each: each["sequence"])
        assert [(each["type"], each["sequence"]) for each in told] == [
            ("booking.requested", 1),
            ("booking.accepted", 2),
            ("booking.agreed", 3),
        ]
        agreed = told[-1]["data"]
        assert (agreed["booking_id"], agreed["host_id"], agreed["room"]) == (
            booking.id,
            booking.host_id,
            booking.room,
        )
        assert agreed["starts"] == webhook_events.utc_text(booking.starts)
        assert len(told[1]["data"]["suggested"]) == 3
        said = b" ".join(each.body for each in receiver.requests).decode()
        people = await world.database.people.many(list(booking.people_ids))
        for secret in ("Teach me", "pin", *(str(person.phone) for person in people.values())):
            assert secret not in said
        assert len({each.id for each in receiver.requests}) == 3


async def test_what_failed_is_tried_again_under_the_same_id_with_a_new_timestamp(
    world: World, clock: FakeClock
) -> None:
    services = world.services

    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += [500, hang_up]
        delivery = await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        await sweep(services)
        assert len(receiver.requests) == 1, "it waits before it tries again"
        for _ in range(2):
            clock.advance(seconds=90)
            await sweep(services)
        assert {each.id for each in receiver.requests} == {delivery.id}
        assert len({each.headers["webhook-timestamp"] for each in receiver.requests}) == 3
        assert len({each.body for each in receiver.requests}) == 1
        done, _ = await services.webhook_deliveries.get(delivery.id)
        assert done.state is DeliveryState.DELIVERED
        assert [(each.status, each.error) for each in done.tries] == [
            (500, "status_500"), (None, "no_http"), (200, None),
        ]  # fmt: skip
        assert [each.answer for each in done.tries] == ["noted", "", "noted"]
        assert (await services.webhooks.get(endpoint.id)).failing_since is None


async def test_after_eight_vain_tries_it_is_given_up_until_it_is_replayed(
    world: World, clock: FakeClock
) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += 8 * [503]
        delivery = await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        for _ in range(10):
            clock.advance(hours=15)
            await sweep(services)
        assert len(receiver.requests) == rules.MOST_TRIES == 8
        assert (await services.webhook_deliveries.get(delivery.id))[0].state is DeliveryState.FAILED
        await services.webhook_deliveries.replay(delivery.id)
        await services.background.idle()
        replayed, event = await services.webhook_deliveries.get(delivery.id)
        assert (replayed.state, replayed.replays, len(replayed.tries)) == (DeliveryState.DELIVERED, 1, 9)
        assert event is not None
        assert event.body.encode() == receiver.requests[-1].body


def test_pauses_grow_are_spread_and_heed_the_other_side() -> None:
    pauses = [rules.pause_after(attempts, "msg_1") for attempts in range(1, 8)]
    for pause, least in zip(pauses, rules.PAUSES, strict=True):
        assert least <= pause <= least * 1.2
    assert len({rules.pause_after(3, f"msg_{number}") for number in range(20)}) == 20
    assert rules.pause_after(1, "msg_1", retry_after_s=600) == timedelta(minutes=10)
    assert rules.pause_after(1, "msg_1", retry_after_s=10**7) == rules.LONGEST_PAUSE


async def test_a_replay_since_a_time_sends_what_was_missed_while_it_was_disabled(
    world: World, clock: FakeClock
) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver, "booking.requested", "booking.agreed")
        since = clock.now()
        await services.webhooks.disable(endpoint.id)
        with pytest.raises(WrongState):
            await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        with pytest.raises(WrongState):
            await services.webhook_deliveries.replay_since(endpoint.id, since, with_delivered=False)
        await a_booking(world)
        await services.webhooks.enable(endpoint.id)
        await sweep(services)
        assert receiver.requests == []
        for _ in range(2):
            replayed = await services.webhook_deliveries.replay_since(
                endpoint.id, since, with_delivered=False
            )
            await services.background.idle()
        assert replayed.count == 0, "nothing is missing any more"
        assert sorted(receiver.types) == ["booking.agreed", "booking.requested"]
        again = await services.webhook_deliveries.replay_since(endpoint.id, since, with_delivered=True)
        await services.background.idle()
        assert (again.count, len(receiver.requests)) == (2, 4)
        assert len({each.id for each in receiver.requests}) == 2


async def test_an_endpoint_gets_only_what_it_has_chosen(world: World) -> None:
    async with receiving() as one, receiving() as other:
        await register(world.services, one, "booking.agreed")
        await register(world.services, other, "charge.succeeded", "conference.joined")
        await a_booking(world)
        assert one.types == ["booking.agreed"]
        assert other.requests == []


def test_a_body_that_would_be_too_large_says_only_what_it_is_about() -> None:
    now = FakeClock().now()
    draft = webhook_events.EventDraft(
        key="k", type="booking.agreed", subject="booking:7", booking_id=7, at=now, data={"much": "é" * 40_000}
    )
    event = webhook_events.make_event(draft, sequence=1, now=now)
    assert len(event.body.encode()) < webhook_events.LARGEST_BODY
    assert '"truncated":true' in event.body


async def test_what_waits_for_its_next_try_can_be_sent_now_but_not_while_it_is_being_sent(
    world: World,
) -> None:
    services = world.services
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        under_way.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers.append(slowly)
        delivery = await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await under_way.wait()
        with pytest.raises(WrongState):
            await services.webhook_deliveries.replay(delivery.id)
        go_on.set()
        await services.background.idle()
        assert len(receiver.requests) == 1
        await services.webhook_deliveries.replay(delivery.id)
        await services.background.idle()
        assert len(receiver.requests) == 2
