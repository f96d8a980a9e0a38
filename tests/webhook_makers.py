"""Endpoints of webhooks for tests, with their log and the sweep, and a booking to tell of."""

from __future__ import annotations

from tests.booking_makers import World, agree_on_call, make_caller, make_host
from tests.fakes.webhook_receiver import Receiver
from tests.makers import make_staff
from thserver.domain import webhooks as rules
from thserver.domain.bookings import Booking
from thserver.domain.webhooks import Endpoint, LogQuery
from thserver.services.all import Services

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
    booking = await agree_on_call(world, await make_caller(world), hero)
    await world.services.background.idle()
    return booking
