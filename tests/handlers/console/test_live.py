"""The socket of the console: what changes is told at once, to staff only, and every end has its code."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.booking_makers import World, make_caller, make_host, make_request
from tests.clients.console import Browser
from tests.clients.http import Api
from tests.clients.sockets import Socket, opened
from tests.makers import PASSWORD, make_staff
from thserver.domain.conferences import ConferenceEvent
from thserver.domain.staff_actions import Actor, ConsoleChange
from thserver.services.all import Services

LIVE = "/console/live"


async def told(socket: Socket, kind: str) -> dict[str, Any]:
    while True:
        body = await socket.read()
        assert body is not None, socket.connection.close_code
        if body["type"] == kind:
            return body


async def test_what_changes_is_told_within_a_second(world: World, base_url: str) -> None:
    guest, (_, hero) = await make_caller(world), await make_host(world)
    async with opened(base_url, LIVE) as socket:
        async with asyncio.timeout(1):
            booking = await make_request(world, guest, hero)
            assert await told(socket, "call") == {"type": "call", "booking_id": booking.id}
        async with asyncio.timeout(1):
            await world.services.conferences.record(
                booking.id,
                "CF1",
                ConferenceEvent(
                    key="1",
                    sequence_number=1,
                    name="participant-join",
                    at=world.services.clock.now(),
                    call_sid="CA1",
                ),
            )
            assert await told(socket, "room") == {"type": "room", "booking_id": booking.id}
        async with world.services.staff_actions.recorded(
            actor=Actor(None, "Ann"), action="try", subject="thing"
        ):
            assert await told(socket, "action") == {"type": "action"}


async def test_staff_are_let_in_and_told_when_they_have_signed_out(
    api: Api, app: Any, base_url: str, services: Services
) -> None:
    app.settings["debug_mode"] = False
    browser = Browser(api)
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    ((name, token),) = browser.cookies.items()
    async with opened(base_url, LIVE, headers={"Cookie": f"{name}={token}"}) as socket:
        await services.console_live.check_tokens()
        await services.sign_in.sign_out(token)
        await services.console_live.check_tokens()
        assert await socket.closed() == 4401


async def test_whoever_is_staff_no_more_is_told_nothing_more_and_is_not_let_in_when_he_is_staff_again(
    api: Api, app: Any, base_url: str, services: Services
) -> None:
    app.settings["debug_mode"] = False
    browser = Browser(api)
    person = await make_staff(services)
    await browser.sign_in(person.email or "", PASSWORD)
    elsewhere = await services.sign_in.give_token(person.id, "heroes")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with opened(base_url, LIVE, headers={"Cookie": cookie}) as socket:
        await services.people_desk.set_staff(person.id, is_staff=False)
        await services.console_live.check_tokens()
        assert await socket.closed() == 4401
    await services.people_desk.set_staff(person.id, is_staff=True)
    assert (await browser.get("/console/rooms")).status == 303
    assert (await services.sign_in.who(elsewhere)).id == person.id


async def test_nobody_else_is_let_in(app: Any, base_url: str, services: Services) -> None:
    app.settings["debug_mode"] = False
    async with opened(base_url, LIVE) as socket:
        assert await socket.closed() == 4401


async def test_no_page_of_another_site_listens(base_url: str) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": base_url, "Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(HTTPClientError, match="403"):
            async with opened(base_url, LIVE, headers=headers):
                pass
    async with opened(base_url, LIVE, headers={"Origin": base_url, "Sec-Fetch-Site": "same-origin"}):
        pass


async def test_it_listens_to_nobody_and_is_no_page(api: Api, base_url: str) -> None:
    async with opened(base_url, LIVE) as socket:
        await socket.say({"type": "mute"})
        assert await socket.closed() == 1008
    assert (await api("GET", LIVE)).status == 426


async def test_too_much_at_once_is_told_as_one(base_url: str, services: Services) -> None:
    async with opened(base_url, LIVE) as socket:
        live = services.console_live
        for number in range(150):
            live._waiting.put_nowait(ConsoleChange("call", number))
        assert await told(socket, "resync") == {"type": "resync"}
