"""What a person does through other contracts is told in his notifications here, too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.booking_makers import (
    World,
    accept_call,
    agree_on_call,
    make_caller,
    make_host,
    request_call,
)
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.experts.notification_makers import app_of, told
from tests.meeting_makers import make_member
from tests.money_makers import make_call, settle
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.gateways.simulated_carrier import SimulatedCarrier

# What comes from the other doors.


async def test_a_heroes_call_from_request_to_receipt(world: World, api: Api) -> None:
    call = await make_call(world, agree=agree_on_call)
    await settle(world)
    guest, host = await app_of(world.services, api, call.guest), await app_of(world.services, api, call.host)
    guests = await told(world.services, guest)
    assert guests[0] == (
        "system",
        "Request Accepted",
        "Tom Brady has accepted your request and suggests times.",
    )
    assert ("system", "Receipt", "Your call with Tom Brady: $30.00 charged.") in guests
    hosts = await told(world.services, host)
    assert hosts[0] == (
        "meeting_request",
        "Meeting Request",
        "You have a new meeting request from Cam Newton.",
    )
    assert (
        "meeting_confirmed",
        "Meeting Confirmed",
        "Your call with Cam Newton has been confirmed.",
    ) in hosts
    assert ("system", "Receipt", "Your call with Cam Newton: $25.50 earned.") in hosts
    assert not {kind for kind, *_ in guests + hosts} & {"review_reminder"}
    await settle(world)
    assert await told(world.services, guest) == guests


async def test_a_card_that_is_not_taken_and_money_given_back_are_told(world: World, api: Api) -> None:
    declined = await make_call(world, card="pm_card_chargeCustomerFail")
    await settle(world)
    app = await app_of(world.services, api, declined.guest)
    assert ("system", "Payment Failed", "$30.00 could not be charged to your card.") in await told(
        world.services, app
    )
    paid = await make_call(world)
    await settle(world)
    await world.services.billing.refund(paid.charge_id, 500)
    await world.services.billing.charge_due()
    app = await app_of(world.services, api, paid.guest)
    assert ("system", "Refund", "$5.00 given back to your card.") in await told(world.services, app)


async def test_other_times_declining_and_missing_are_told(world: World, api: Api) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    app = await app_of(world.services, api, guest)
    declined = await request_call(world, guest, hero)
    await world.services.bookings.decline(declined, host.id, "No time")
    assert (await told(world.services, app))[-1] == (
        "meeting_cancelled",
        "Meeting Cancelled",
        "Your call with Tom Brady has been declined.",
    )
    accepted = await accept_call(world, guest, hero)
    times = tuple(time + timedelta(days=1) for time in accepted.suggestions[0].times)
    await world.services.bookings.suggest(accepted, host.id, times)
    assert (await told(world.services, app))[-1] == (
        "system",
        "New Times Suggested",
        "Tom Brady suggests other times for your call.",
    )


@pytest.mark.parametrize(
    ("kind", "what", "by", "hearing", "sentence"),
    [
        (Kind.GATHERING, "invited:0", 1, {2, 3}, "You have a new meeting request from {1}."),
        (Kind.GATHERING, "invited:4:3", 2, {3}, "You have a new meeting request from {2}."),
        (Kind.GATHERING, "agreed:0", 1, set(), ""),
        (Kind.GATHERING, "called_off:5", 1, {2, 3}, "Your meeting 'Reunion' has been cancelled."),
        (Kind.GATHERING, "held:1", None, set(), ""),
        (Kind.SESSION, "requested:0", 2, {1, 3}, "You have a new meeting request from {2}."),
        (Kind.SESSION, "agreed:0", 1, {2, 3}, "Your session 'Reunion' has been confirmed."),
        (Kind.MEMORIAL, "agreed:0", 1, {2, 3}, "Your gathering 'Reunion' has been confirmed."),
        (Kind.CALL, "missed:2", None, {1, 2, 3}, "Your call 'Reunion' did not take place."),
        (Kind.MEETING, "held:0", 1, {1, 2, 3}, "How was your meeting 'Reunion'? Leave a review for {other}."),
        (Kind.MEETING, "something:0", None, set(), ""),
    ],
)
async def test_who_is_told_what_of_bookings_of_every_kind(
    world: World, api: Api, kind: Kind, what: str, by: int | None, hearing: set[int], sentence: str
) -> None:
    """The people are numbered as they come; the first is the host."""
    people = {
        number: await make_member(world, first_name=name, last_name="Doe")
        for number, name in enumerate(("Ann", "Ben", "Cal"), start=1)
    }
    named = what.split(":")
    if len(named) == 3:
        named[2] = str(people[int(named[2])].id)
    now = world.services.clock.now()
    booking = Booking(
        id=77,
        kind=kind,
        host_id=people[1].id,
        guest_ids=(people[2].id, people[3].id),
        state=State.AGREED,
        room="room",
        minutes=60,
        starts=now,
        details={"title": "Reunion"},
        created=now,
        updated=now,
    )
    news = News(":".join(named), named[0], people[by].id if by else None, now)
    await world.services.notifications.booking_heard(booking, news)
    for number, person in people.items():
        found = await told(world.services, await app_of(world.services, api, person))
        other = "Ben Doe" if number == 1 else "Ann Doe"
        wanted = sentence.replace("{other}", other).replace("{1}", "Ann Doe").replace("{2}", "Ben Doe")
        assert [content for _, _, content in found] == ([wanted] if number in hearing else [])


async def test_whoever_waits_on_the_line_is_told_to_the_other_once(
    world: World, clock: FakeClock, carrier: SimulatedCarrier, api: Api, base_url: str
) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking: Booking = await agree_on_call(world, guest, hero)
    assert booking.starts is not None
    clock.set(booking.starts)
    assert guest.phone is not None
    assert host.phone is not None
    first = await carrier.dial(guest.phone)
    await first.until("joined", room=host.slug)
    await carrier.settled()
    app = await app_of(world.services, api, host)
    waiting = ("system", "Call Waiting", "Cam Newton is on the line for your call.")
    assert (await told(world.services, app)).count(waiting) == 1
    second = await carrier.dial(host.phone)
    await second.until("joined", room=host.slug)
    second.hang_up()
    first.hang_up()
    await carrier.settled()
    assert (await told(world.services, app)).count(waiting) == 1
    guests = await told(world.services, await app_of(world.services, api, guest))
    assert "Call Waiting" not in {title for _, title, _ in guests}
