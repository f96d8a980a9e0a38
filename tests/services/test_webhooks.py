"""Webhooks: what happens is told to every endpoint that wants it, signed, until it is heard, and once per try whoever sends it."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from store.connection import connect
from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host, quarter_after
from tests.fakes.clock import FakeClock
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.makers import make_person, make_staff
from tests.money_makers import make_call, settle
from tests.pictures import picture
from thserver.domain import charges as charge_rules
from thserver.domain import webhook_events
from thserver.domain import webhooks as rules
from thserver.domain.bookings import Booking, News
from thserver.domain.charges import cancelation_charge
from thserver.domain.conferences import ConferenceEvent
from thserver.domain.errors import Invalid, WrongState
from thserver.domain.webhooks import DeliveryState, Endpoint, EndpointState, LogQuery, Reason
from thserver.sealing import Sealer
from thserver.services.all import Services
from thserver.services.webhook_deliveries import WebhookDeliveries
from thserver.services.webhook_events import WebhookEvents

EVERYTHING = LogQuery()


async def register(services: Services, receiver: Receiver, *events: str) -> tuple[Endpoint, str]:
    creator = await make_staff(services)
    return await services.webhooks.register(creator, url=receiver.url, events=events or ("*",))


async def log_of(services: Services, wanted: LogQuery = EVERYTHING) -> list[rules.Delivery]:
    return (await services.webhook_deliveries.page(wanted, skip=0, limit=100)).deliveries


async def sweep(services: Services) -> None:
    await services.webhooks.spread_left_over()
    await services.webhook_deliveries.deliver_due()
    await services.background.idle()


async def a_booking(world: World) -> Booking:
    """Agreed, with its three events told."""
    _, hero = await make_host(world)
    booking = await make_agreed_booking(world, await make_caller(world), hero)
    await world.services.background.idle()
    return booking


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


async def test_any_library_of_the_standard_verifies_a_delivery_and_nothing_forged(
    world: World, clock: FakeClock
) -> None:
    clock.set(datetime.now(UTC))
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "charge.refunded")
        await world.services.background.idle()
        [request] = receiver.requests
        verifier = Webhook(secret)
        assert verifier.verify(request.body, request.headers)["type"] == "charge.refunded"
        with pytest.raises(WebhookVerificationError):
            verifier.verify(request.body.replace(b"500", b"501"), request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(rules.new_secret()).verify(request.body, request.headers)
        assert request.headers["webhook-version"] == rules.VERSION
        assert request.told["sample"] is True


async def test_after_a_rotation_both_secrets_verify_until_the_overlap_is_over(
    world: World, clock: FakeClock
) -> None:
    clock.set(datetime.now(UTC))
    services = world.services
    async with receiving() as receiver:
        endpoint, old = await register(services, receiver)
        rotated, new = await services.webhooks.rotate(endpoint.id, overlap=timedelta(minutes=2))
        assert secret_in(rotated) == []
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        both = receiver.requests[-1]
        for secret in (old, new):
            Webhook(secret).verify(both.body, both.headers)
        clock.advance(minutes=2)
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        last = receiver.requests[-1]
        Webhook(new).verify(last.body, last.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(last.body, last.headers)
    with pytest.raises(Invalid):
        await services.webhooks.rotate(endpoint.id, overlap=timedelta(days=8))


def secret_in(endpoint: Endpoint) -> list[bytes]:
    return [each.sealed for each in endpoint.secrets if b"whsec_" in each.sealed]


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


@pytest.mark.parametrize("point", ["webhook.recorded", "webhook.spread", "webhook.claimed", "webhook.sent"])
async def test_a_crash_between_any_two_steps_loses_nothing_and_records_nothing_twice(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    services = world.services
    dies = [True]

    def reached(name: str) -> None:
        if name == point and dies:
            dies.clear()
            raise RuntimeError("the process died here")

    async with receiving() as receiver:
        await register(services, receiver, "booking.requested")
        _, hero = await make_host(world)
        guest = await make_caller(world)
        with monkeypatch.context() as patched:
            patched.setattr("thserver.kill_points.reached", reached)
            await services.bookings.request(guest, hero_id=hero.id, message="Hello", minutes=30)
            await services.background.idle()
        assert not dies, "it came to that point"
        for _ in range(3):
            clock.advance(seconds=61)
            await services.news.tell_left_over()
            await sweep(services)
        [delivery] = await log_of(services)
        assert delivery.state is DeliveryState.DELIVERED
        # Sent but not recorded: the one case in which the receiver sees it twice, under one id.
        assert len(receiver.requests) == (2 if point == "webhook.sent" else 1)
        assert {each.id for each in receiver.requests} == {delivery.id}


async def test_news_that_is_told_again_is_not_sent_again(world: World) -> None:
    async with receiving() as receiver:
        await register(world.services, receiver)
        booking = await a_booking(world)
        news = News("agreed:1", "agreed", booking.guest_ids[0], world.services.clock.now())
        await world.services.news.tell_now(dataclasses.replace(booking, news=(news, news)))
        await sweep(world.services)
        assert len(receiver.requests) == 3


async def test_two_processes_send_each_delivery_once(world: World, mongo_uri: str, clock: FakeClock) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += 12 * [500]
        for _ in range(12):
            await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        assert len(receiver.requests) == 12
        clock.advance(minutes=1)
        second = Database(connect(mongo_uri), "test")
        try:
            there = another_process(services, second)
            await asyncio.gather(*(each.deliver_due() for each in (services.webhook_deliveries, there) * 3))
        finally:
            await second.close()
        assert len(receiver.requests) == 24
        assert {len(each.tries) for each in await log_of(services)} == {2}


def another_process(services: Services, database: Database) -> WebhookDeliveries:
    """What sends deliveries in another process, with a connection of its own."""
    there = copy.copy(services.webhook_deliveries)
    there._rows = database.webhook_deliveries
    there._endpoints = database.webhook_endpoints
    there._events = database.webhook_events
    return there


async def test_events_of_one_booking_that_come_at_once_get_different_numbers(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(services, receiver, "charge.succeeded")
        now = services.clock.now()
        charges = [
            dataclasses.replace(
                cancelation_charge(booking_id=7, payer_id=1, fee_in_cents=500, now=now),
                id=f"cancelation:{number}",
                news=(charge_rules.News("paid", now),),
            )
            for number in range(8)
        ]
        subscribers = services.billing.news._subscribers
        webhook_events = [
            each for each in subscribers if isinstance(getattr(each, "__self__", None), WebhookEvents)
        ]
        assert webhook_events
        for _ in range(2):
            await asyncio.gather(
                *(each(charge, charge.news[0]) for each in webhook_events for charge in charges)
            )
        await services.background.idle()
        assert sorted(each.told["sequence"] for each in receiver.requests) == list(range(1, 9))


async def test_a_call_from_its_first_ring_to_the_receipt_and_back(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services,
            receiver,
            *(each for each in webhook_events.EVENT_TYPES if not each.startswith("booking")),
        )
        call = await make_call(world)
        await settle(world)
        await services.billing.refund(call.charge_id, 500)
        await services.background.idle()
        told = {each.told["type"]: each.told["data"] for each in receiver.requests}
        assert list(told) == ["charge.succeeded", "charge.refunded"]
        assert told["charge.succeeded"]["total_in_cents"] == 3000
        assert told["charge.refunded"]["refunded_now_in_cents"] == 500
        assert told["charge.succeeded"]["payer_id"] == call.guest.id


async def test_a_card_that_is_declined_is_told_with_its_reason(world: World) -> None:
    async with receiving() as receiver:
        await register(world.services, receiver, "charge.declined")
        await make_call(world, card="pm_card_chargeCustomerFail")
        await settle(world)
        [told] = [each.told["data"] for each in receiver.requests]
        assert (told["why"], told["will_be_tried_again"]) == ("declined", True)
        assert told["reason"]


async def test_whatever_order_the_carrier_tells_a_call_in_each_thing_is_told_once(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services,
            receiver,
            "conference.started",
            "conference.joined",
            "conference.left",
            "conference.ended",
        )
        booking = await a_booking(world)
        assert booking.starts is not None
        sid = "CF" + 32 * "a"
        events = [
            ConferenceEvent(
                key=str(number),
                sequence_number=number,
                name=name,
                at=booking.starts + timedelta(seconds=number),
                call_sid=call_sid,
                room=booking.room,
            )
            for number, (name, call_sid) in enumerate(
                [
                    ("participant-join", "CA1"),
                    ("conference-start", None),
                    ("participant-join", "CA2"),
                    ("participant-leave", "CA1"),
                    ("participant-leave", "CA2"),
                    ("conference-end", None),
                ],
                start=1,
            )
        ]
        for event in reversed(events):
            await services.conferences.note(booking.id, sid, event)
            await services.conferences.apply(sid)
            await services.conferences.apply(sid)
        await sweep(services)
        told = Counter((each.told["type"], each.told["data"].get("call_sid")) for each in receiver.requests)
        assert told == {
            ("conference.joined", "CA1"): 1,
            ("conference.joined", "CA2"): 1,
            ("conference.started", None): 1,
            ("conference.left", "CA1"): 1,
            ("conference.left", "CA2"): 1,
            ("conference.ended", None): 1,
        }
        assert sorted(each.told["sequence"] for each in receiver.requests) == list(range(1, 7))


async def test_whoever_answers_410_is_disabled_and_his_letter_sent_once(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += [410]
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        for _ in range(2):
            await sweep(services)
        disabled = await services.webhooks.get(endpoint.id)
        assert (disabled.state, disabled.reason) == (EndpointState.DISABLED, Reason.GONE)
        assert len(receiver.requests) == 1
        assert await letters_about(world, endpoint) == 1
        await services.webhooks.enable(endpoint.id)
        for _ in range(2):
            world.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
            await sweep(services)
        assert len(receiver.requests) == 2, "what waited is sent when it is enabled"


async def letters_about(world: World, endpoint: Endpoint) -> int:
    assert endpoint.creator_id is not None
    creator = await world.database.people.get(endpoint.creator_id)
    assert creator is not None
    letters = world.services.practice.mail.letters_to(creator.email)
    return len([each for each in letters if "disabled" in each["subject"] and endpoint.id in each["text"]])


async def test_five_days_without_a_success_disable_an_endpoint(world: World, clock: FakeClock) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += 100 * [500]
        for _ in range(11):
            assert (await services.webhooks.get(endpoint.id)).state is EndpointState.ENABLED
            await services.webhooks.send_sample(endpoint.id, "booking.agreed")
            await services.background.idle()
            clock.advance(hours=12)
        disabled = await services.webhooks.get(endpoint.id)
        assert (disabled.state, disabled.reason) == (EndpointState.DISABLED, Reason.FAILING)
        assert await letters_about(world, endpoint) == 1


async def test_where_nobody_answers_the_rest_waits_and_others_are_served(
    world: World, clock: FakeClock
) -> None:
    services = world.services
    async with receiving() as good:
        async with receiving() as receiver:
            endpoint, _ = await register(services, receiver)
            other, _ = await register(services, good)
            receiver.answers += 12 * [500]
            for _ in range(12):
                await services.webhooks.send_sample(endpoint.id, "booking.agreed")
            await services.background.idle()
        good.answers.append(500)
        await services.webhooks.send_sample(other.id, "booking.agreed")
        await services.background.idle()
        clock.advance(minutes=1)
        await sweep(services)
        tried = [each for each in await log_of(services, LogQuery(endpoint.id)) if len(each.tries) == 2]
        assert 1 <= len(tried) <= 4
        assert {each.tries[-1].error for each in tried} == {"no_connection"}
        assert len(good.requests) == 2


async def test_a_deleted_endpoint_gets_nothing_and_its_log_stays_for_a_month(
    world: World, clock: FakeClock
) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        receiver.answers += [500]
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        await services.webhooks.delete(endpoint.id)
        clock.advance(hours=1)
        await sweep(services)
        assert [each.state for each in await log_of(services)] == [DeliveryState.DROPPED]
        clock.advance(days=30)
        await sweep(services)
        assert await log_of(services) == []
        assert len(receiver.requests) == 1


async def test_what_was_delivered_is_forgotten_after_a_month(world: World, clock: FakeClock) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(services, receiver)
        await a_booking(world)
        assert len(await log_of(services)) == 3
        clock.advance(days=31)
        await sweep(services)
        assert await log_of(services) == []


def test_a_body_that_would_be_too_large_says_only_what_it_is_about() -> None:
    now = FakeClock().now()
    draft = webhook_events.EventDraft(
        key="k", type="booking.agreed", subject="booking:7", booking_id=7, at=now, data={"much": "é" * 40_000}
    )
    event = webhook_events.make_event(draft, sequence=1, now=now)
    assert len(event.body.encode()) < webhook_events.LARGEST_BODY
    assert '"truncated":true' in event.body


async def test_the_secret_is_kept_sealed(world: World) -> None:
    async with receiving() as receiver:
        _, secret = await register(world.services, receiver)
        found = await world.database.webhook_endpoints._collection.find_one({})
        assert secret.removeprefix("whsec_") not in str(found)


async def test_the_example_in_the_documentation_verifies(world: World, clock: FakeClock) -> None:
    clock.set(datetime.now(UTC))
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    example: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], example)
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "booking.moved")
        await world.services.background.idle()
        [request] = receiver.requests
        assert example["is_authentic"](secret, request.headers, request.body)
        assert not example["is_authentic"](secret, request.headers, request.body + b" ")
        assert not example["is_authentic"](rules.new_secret(), request.headers, request.body)


async def test_a_gathering_that_is_moved_is_told_with_its_old_time_and_its_new_one(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(
            services, receiver, "booking.invited", "booking.moved", "booking.left", "booking.cancelled"
        )
        king, guest = [await make_person(services, timezone="UTC") for _ in range(2)]
        first = quarter_after(services.clock.now(), 120)
        gathering = await services.gatherings.create(
            king,
            title="Board games",
            description=None,
            picture=await services.media.prepare(picture(), field="logo"),
            user_ids=[guest.id],
            starts=first,
        )
        await services.background.idle()
        for hours in (1, 2):
            starts = first + timedelta(hours=hours)
            await services.gatherings.update(king, gathering.id, completed=False, starts=starts)
            await services.background.idle()
        await services.gatherings.leave(guest.id, gathering.id)
        await services.background.idle()
        told = {each.told["sequence"]: each.told for each in receiver.requests}
        assert [told[each]["type"] for each in sorted(told)] == [
            "booking.invited", "booking.moved", "booking.moved", "booking.left",
        ]  # fmt: skip
        assert told[1]["data"]["invited_ids"] == [guest.id]
        assert [(told[each]["data"]["previous_starts"], told[each]["data"]["starts"]) for each in (2, 3)] == [
            (
                webhook_events.utc_text(first + timedelta(hours=hours - 1)),
                webhook_events.utc_text(first + timedelta(hours=hours)),
            )
            for hours in (1, 2)
        ]
        assert told[4]["data"]["left_id"] == guest.id
        assert "Board games" not in str(told)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
async def test_the_example_for_javascript_verifies(world: World, clock: FakeClock, tmp_path: Path) -> None:
    clock.set(datetime.now(UTC))
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    example = tmp_path / "verify.mjs"
    example.write_text(
        page.partition("```javascript\n")[2].partition("```")[0]
        + "const [secret, headers, body] = process.argv.slice(2);\n"
        + "for (const extra of ['', ' '])\n"
        + "  console.log(isAuthentic(secret, JSON.parse(headers), Buffer.from(body + extra)));\n"
    )
    async with receiving() as receiver:
        endpoint, secret = await register(world.services, receiver)
        await world.services.webhooks.send_sample(endpoint.id, "conference.left")
        await world.services.background.idle()
        [request] = receiver.requests
        node = await asyncio.create_subprocess_exec(
            "node", str(example), secret, json.dumps(request.headers), request.body.decode(),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await node.communicate()
        assert said.split() == [b"true", b"false"]


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


async def test_under_another_secret_key_nothing_is_sent_unsigned(world: World) -> None:
    services = world.services
    async with receiving() as receiver:
        endpoint, _ = await register(services, receiver)
        other = Sealer("another-secret-key").seal("whsec_AAAA")
        found = await world.database.webhook_endpoints.rotate(
            endpoint, (rules.Secret(sealed=other),), now=services.clock.now()
        )
        assert found is not None
        await services.webhooks.send_sample(endpoint.id, "booking.agreed")
        await services.background.idle()
        assert receiver.requests == []
        [delivery] = await log_of(services)
        assert [each.error for each in delivery.tries] == ["secret_unreadable"]


async def test_who_was_known_from_the_records_is_not_told_again_when_the_callback_comes_after_all(
    world: World,
) -> None:
    services = world.services
    async with receiving() as receiver:
        await register(services, receiver, "conference.joined", "conference.left", "conference.ended")
        booking = await a_booking(world)
        assert booking.starts is not None
        sid, start = "CF" + 32 * "b", booking.starts
        end = start + timedelta(minutes=9)
        joined = ConferenceEvent(
            key="2", sequence_number=2, name="participant-join", at=start, call_sid="CA1", room=booking.room
        )
        for event in (
            ConferenceEvent(key="1", sequence_number=1, name="conference-start", at=start, room=booking.room),
            ConferenceEvent(
                key="r", sequence_number=None, name="call-record", at=start, call_sid="CA1", until=end
            ),
            ConferenceEvent(key="w", sequence_number=None, name="conference-record", at=start, until=end),
            joined,
        ):
            await services.conferences.note(booking.id, sid, event)
            await services.conferences.apply(sid)
        await sweep(services)
        assert Counter(receiver.types) == {
            "conference.joined": 1, "conference.left": 1, "conference.ended": 1,
        }  # fmt: skip
        assert receiver.requests[-1].told["data"]["conference_sid"] == sid
