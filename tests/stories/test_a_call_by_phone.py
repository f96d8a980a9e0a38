"""Two people dial one number, meet in the hero's room, and find their conference in the log."""

from __future__ import annotations

from datetime import timedelta

from tests.booking_makers import World, agree_on_call, make_caller, make_host
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import token_of
from thserver.gateways.simulated_carrier import SimulatedCarrier


async def test_two_people_dial_in_talk_and_find_the_log(
    world: World, clock: FakeClock, carrier: SimulatedCarrier, api: Api, base_url: str
) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking = await agree_on_call(world, guest, hero)
    assert booking.starts is not None
    clock.set(booking.starts - timedelta(minutes=5))
    assert guest.phone is not None
    assert host.phone is not None

    first = await carrier.dial(guest.phone)
    await first.until("joined", room=host.slug)
    assert first.said[:3] == [
        "Hello Cam. It is 9:55 AM where you are.",
        "You are about to talk with Tom Brady, who is not here yet. Please stay on the line.",
        "Your time counts only while you are both on the line.",
    ]
    await first.until("said")
    assert first.said[3] == (
        "Tom Brady is not here yet. Please stay on the line. Your call is set for 10 AM. "
        "Your time counts only while you are both on the line."
    )
    await carrier.settled()
    await world.services.background.idle()

    clock.advance(minutes=2)
    second = await carrier.dial(host.phone)
    await second.until("joined", room=host.slug)
    assert second.said[1] == "You are about to talk with Cam Newton, who is on the line already."
    clock.advance(minutes=10)
    second.hang_up()
    clock.advance(seconds=20)
    first.hang_up()
    await carrier.settled()
    await world.services.background.idle()

    client = HeroesClient(api, await token_of(world.services, guest))
    page = (await client("GET", "/conferences/")).body
    assert (page["count"], page["next"], page["previous"]) == (1, None, None)
    shown = page["results"][0]
    assert list(shown) == ["sid", "friendly_name", "call_request", "created"]
    assert shown["friendly_name"] == host.slug
    detail = (await client("GET", f"/conferences/{shown['sid']}")).body
    assert [(entry["user"], entry["action"]) for entry in detail["logs"]] == [
        ("Cam Newton", "participant-join"),
        ("Tom Brady", "participant-join"),
        ("Conference Log", "conference-start"),
        ("Tom Brady", "participant-leave"),
        ("Cam Newton", "participant-leave"),
        ("Conference Log", "conference-end"),
    ]
    assert detail["logs"][0]["timestamp"] == "2026-03-02T15:55:00.000000Z"
    assert detail["call_request"] == {
        "id": booking.id,
        "user": "Cam Newton",
        "hero": "Tom Brady",
        "message": "Teach me how to throw!",
        "estimated_length": 30,
        "agreed_time": "2026-03-02T16:00:00.000000Z",
    }
