"""Endpoints that do not answer, want no more or are gone, and what is left of their deliveries."""

from __future__ import annotations

from tests.booking_makers import World
from tests.fakes.clock import FakeClock
from tests.fakes.webhook_receiver import receiving
from tests.webhook_makers import a_booking, log_of, register, sweep
from thserver.domain.webhooks import DeliveryState, Endpoint, EndpointState, LogQuery, Reason


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
