"""A phone company that nobody here wrote: the real command talks to whatever answers at TWILIO_API_BASE through the
official library, and correctly signed webhooks, for a PUBLIC_URL behind a proxy, drive a whole call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag
from xml.etree import ElementTree

import httpx

from config.settings import load
from store.connection import connect
from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.fakes.clock import FakeClock
from tests.fakes.twilio_stand_in import TwilioStandIn
from tests.makers import token_of
from tests.stories.fleet import Fleet, fleet
from thserver.gateways.password_hasher import PasswordHasher
from thserver.wiring import wire

PUBLIC_URL = "https://calls.example.com"
NUMBER = "+12025550100"
PATIENCE_S = 30


@dataclass
class People:
    guest_phone: str
    host_phone: str
    room: str
    guest_token: str


async def agreed_for_about_now(ship: Fleet) -> People:
    """Two people whose call began a few minutes ago."""
    settings = load(ship.environment, dotenv=None)
    name = settings.database_url.rpartition("/")[2].partition("?")[0]
    database = Database(connect(settings.database_url), name)
    clock = FakeClock(datetime.now(UTC) - timedelta(minutes=80))
    services = await wire(
        settings,
        database,
        clock=clock,
        hasher=PasswordHasher(memory_in_kib=8, passes=1),
        records_path=settings.data_dir / "simulated.sqlite",
    )
    try:
        world = World(services, database)
        guest = await make_caller(world)
        host, hero = await make_host(world, rate_in_cents=150)
        booking = await make_agreed_booking(world, guest, hero)
        await services.background.idle()
        clock.set(datetime.now(UTC))
        assert guest.phone is not None
        assert host.phone is not None
        return People(guest.phone, host.phone, booking.room, await token_of(services, guest))
    finally:
        await services.close()
        await database.close()


async def eventually(found: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(PATIENCE_S * 10):
        if value := await found():
            return value
        await asyncio.sleep(0.1)
    raise AssertionError(f"{found.__name__}: nothing came")


class Line:
    """The stand-in's end of the calls: what it posts goes to our port, signed for our public URL."""

    def __init__(self, twilio: TwilioStandIn, address: str) -> None:
        self.twilio, self.address = twilio, address

    def behind_the_proxy(self, url: str) -> str:
        assert url.startswith(PUBLIC_URL + "/")
        return self.address + urldefrag(url).url.removeprefix(PUBLIC_URL)

    async def post(self, url: str, params: dict[str, str], **more: str) -> httpx.Response:
        return await self.twilio.webhook(url, params, send_to=self.behind_the_proxy(url), **more)

    async def ring(self, number: str) -> tuple[dict[str, Any], ElementTree.Element]:
        call = self.twilio.new_call(number, NUMBER)
        params = self.twilio.call_params(call, "ringing")
        answer = await self.post(f"{PUBLIC_URL}/phone/voice", params)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        return call, ElementTree.fromstring(answer.content)


def room_in(answer: ElementTree.Element) -> ElementTree.Element:
    room = answer.find("Dial/Conference")
    assert room is not None, ElementTree.tostring(answer)
    return room


async def test_the_official_library_and_signed_webhooks_drive_a_whole_call(
    mongo_uri: str, tmp_path: Path
) -> None:
    async with (
        TwilioStandIn() as twilio,
        fleet(
            mongo_uri,
            tmp_path,
            "another_carrier",
            PUBLIC_URL=PUBLIC_URL,
            TWILIO_ACCOUNT_ID=twilio.account_id,
            TWILIO_API_TOKEN=f"{twilio.auth_token},{'0' * 32}",
            TWILIO_API_BASE=twilio.url,
        ) as ship,
    ):
        people = await agreed_for_about_now(ship)
        await ship.start(ship.ports[0])
        async with httpx.AsyncClient(base_url=ship.addresses[0], trust_env=False, timeout=20) as http:
            line = Line(twilio, ship.addresses[0])
            await a_code_is_texted(twilio, http)
            await a_forged_ring_is_refused(twilio, line)
            await they_talk(twilio, line, people)
            await it_is_settled(twilio, line, http, people)
        assert not ship.complaints()


async def a_code_is_texted(twilio: TwilioStandIn, http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/accounts/phone-token", json={"phone": "3125550188"})
    assert answer.status_code == 201
    (message,) = (each for each in twilio.messages.values() if each["to"] == "+13125550188")
    assert answer.json()["phone_token"] in message["body"]
    assert twilio.requests[-1].path == f"/2010-04-01/Accounts/{twilio.account_id}/Messages.json"
    refused = await http.post("/api/v1/accounts/phone-token", json={"phone": "5005550001"})
    assert refused.status_code == 424
    # No practice phone while another company carries the calls.
    assert (await http.get("/practice/texts")).status_code == 404


async def a_forged_ring_is_refused(twilio: TwilioStandIn, line: Line) -> None:
    params = twilio.call_params(twilio.new_call("+13125550111", NUMBER), "ringing")
    answer = await line.post(f"{PUBLIC_URL}/phone/voice", params, signature="forged")
    assert (answer.status_code, answer.content) == (403, b"")


async def they_talk(twilio: TwilioStandIn, line: Line, people: People) -> None:
    guest, to_guest = await line.ring(people.guest_phone)
    host, to_host = await line.ring(people.host_phone)
    room = room_in(to_guest)
    assert room.text == room_in(to_host).text == people.room
    assert room.get("participantLabel") != room_in(to_host).get("participantLabel")
    waiting = await line.post(room.get("waitUrl", ""), twilio.call_params(guest))
    assert "is not here yet" in waiting.text
    conference = twilio.new_conference(people.room)
    # Told late, and by the carrier's clock: it is over when the first word of it comes.
    began = twilio.now() - timedelta(seconds=190)
    events: list[tuple[str, dict[str, Any] | None, int]] = [
        ("participant-join", guest, 0),
        ("participant-join", host, 20),
        ("conference-start", None, 20),
        ("participant-leave", host, 170),
        ("participant-leave", guest, 190),
        ("conference-end", None, 190),
    ]
    told = [
        twilio.conference_params(
            conference, event, call, sequence_number=number, at=began + timedelta(seconds=after)
        )
        for number, (event, call, after) in enumerate(events, start=1)
    ]
    # In no order, and one of them twice.
    for params in [*told[::-1], told[2]]:
        answer = await line.post(room.get("statusCallback", ""), params)
        assert (answer.status_code, answer.content) == (204, b"")


async def it_is_settled(twilio: TwilioStandIn, line: Line, http: httpx.AsyncClient, people: People) -> None:
    http.headers["Authorization"] = people.guest_token

    async def charges() -> Any:
        found = (await http.get("/api/v1/payments/charges")).json()["results"]
        return [each for each in found if each["state"] == "succeeded"]

    (charge,) = await eventually(charges)
    # Two and a half minutes on the line together.
    assert (charge["minutes"], charge["amount_in_cents"]) == (3, 450)
    detail = (await http.get(f"/api/v1/conferences/{charge['conference']}")).json()
    assert [entry["action"] for entry in detail["logs"]] == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]

    async def receipts() -> Any:
        texts = [each for each in twilio.messages.values() if "receipt" in each["body"]]
        return texts if len(texts) == 2 else None

    texts = await eventually(receipts)
    assert {each["to"] for each in texts} == {people.guest_phone, people.host_phone}
    for text in texts:
        assert re.search(r"\$4\.50", text["body"])
        params = {"AccountSid": twilio.account_id, "MessageSid": text["sid"], "MessageStatus": "delivered"}
        answer = await line.post(text["status_callback"], params)
        assert answer.status_code == 204
