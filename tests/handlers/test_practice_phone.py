"""The practice phone over a real WebSocket, and that it exists for nobody but the person at this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.cases import each_case
from tests.clients.http import Api
from thserver.gateways.simulated_carrier import HIDDEN_NUMBER, SimulatedCarrier

PHONE = "+12025550111"
PATHS = ("/practice/texts", "/practice/mails", "/practice/clock", "/practice/phone")
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@asynccontextmanager
async def dialled(base_url: str, caller: str = PHONE) -> AsyncIterator[WebSocketClientConnection]:
    url = f"ws{base_url.removeprefix('http')}/practice/phone?{urlencode({'from': caller})}"
    line = await websocket_connect(url)
    try:
        yield line
    finally:
        line.close()


async def events(line: WebSocketClientConnection) -> list[dict[str, Any]]:
    found = []
    while (frame := await line.read_message()) is not None:
        found.append(json.loads(frame))
    return found


async def test_a_phone_dials_and_hears_until_the_end(base_url: str, carrier: SimulatedCarrier) -> None:
    async with dialled(base_url) as line:
        heard = await events(line)
        assert heard[0]["event"] == "said"
        assert heard[-1]["event"] == "hung_up"
        assert carrier.calls == {}


@pytest.mark.parametrize(("caller", "number"), [("", HIDDEN_NUMBER), (PHONE, PHONE)])
async def test_closing_the_socket_hangs_up(
    base_url: str, carrier: SimulatedCarrier, caller: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = carrier.dial

    async def remember(*args: Any, **kwargs: Any) -> Any:
        calls.append(await original(*args, **kwargs))
        return calls[-1]

    monkeypatch.setattr(carrier, "dial", remember)
    async with dialled(base_url, caller) as line:
        line.close()
        await events(line)
        (call,) = calls
        await call.ended()
        assert call.from_number == number


async def test_a_phone_can_hang_up_and_nonsense_is_ignored(base_url: str) -> None:
    async with dialled(base_url) as line:
        for frame in ("", "null", "[1]", "{", '{"digits": 5}', "[" * 4000, '{"digits": "x1"}'):
            await line.write_message(frame)
        await line.write_message('{"hangup": true}')
        assert (await events(line))[-1]["event"] == "hung_up"
    async with dialled(base_url) as line:
        await line.write_message("x" * 5000)
        await events(line)


@each_case(
    "headers",
    [
        {"Host": "phone.example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "[::1"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_to_anybody_else_it_does_not_exist(api: Api, headers: dict[str, str]) -> None:
    for path in PATHS:
        answer = await api("GET", path, headers={**UPGRADE, **headers})
        assert answer.status == 404, path
        assert "Access-Control-Allow-Origin" not in answer.headers
    answer = await api("POST", "/practice/texts", {"from": PHONE, "body": "hello"}, headers=headers)
    assert answer.status == 404


async def test_without_debug_it_does_not_exist(api: Api, app: Any) -> None:
    app.settings["debug_mode"] = False
    for path in PATHS:
        assert (await api("GET", path, headers=UPGRADE)).status == 404


async def test_where_others_reach_the_service_it_does_not_exist(api: Api, app: Any) -> None:
    app.settings["public_url"] = "https://demo.example.com"
    for path in PATHS:
        assert (await api("GET", path, headers=UPGRADE)).status == 404
    app.settings["public_url"] = "http://localhost:8888"
    assert (await api("GET", "/practice/texts")).status == 200


async def test_what_a_silent_proxy_hands_on_does_not_come_from_this_machine(base_url: str) -> None:
    host, _, port = base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /practice/texts HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
    assert b" 404 " in await reader.readline()
    writer.close()


async def test_without_a_simulated_company_it_does_not_exist(api: Api, app: Any) -> None:
    app.settings["practice"] = object()
    for path in PATHS:
        assert (await api("GET", path, headers=UPGRADE)).status == 404


async def test_a_number_that_is_none_is_refused(api: Api) -> None:
    assert (await api("GET", "/practice/texts?to=me")).status == 400
    assert (await api("POST", "/practice/texts", {"from": "me", "body": "x"})).status == 400
    assert (await api("POST", "/practice/texts", {"from": PHONE, "body": 5})).status == 400
    assert (await api("GET", "/practice/phone?from=me", headers=UPGRADE)).status == 400


async def test_texts_are_read_newest_last(api: Api, carrier: SimulatedCarrier) -> None:
    for body in ("One", "Two"):
        await carrier.send_text(PHONE, body, callback_path="")
    for to in ("%2B12025550111", "+12025550111"):
        answer = await api("GET", f"/practice/texts?to={to}")
        assert [text["body"] for text in answer.body] == ["One", "Two"]
    assert (await api("GET", "/practice/texts?to=%2B12025550122")).body == []
    assert len((await api("GET", "/practice/texts")).body) == 2


async def test_letters_are_read(api: Api) -> None:
    assert (await api("GET", "/practice/mails?to=ada@example.com")).body == []


@pytest.mark.parametrize("ahead", [-1, "5", None, True, 1e12])
async def test_the_clock_moves_by_sensible_seconds_only(api: Api, ahead: object) -> None:
    answer = await api("POST", "/practice/clock", {"advance_s": ahead})
    assert answer.status in (400, 404)


async def test_the_clock_is_not_put_ahead_to_where_the_calendar_ends(api: Api, app: Any) -> None:
    class Clock:
        at = datetime(2099, 12, 1, tzinfo=UTC)

        def now(self) -> datetime:
            return self.at

        def advance(self, span: timedelta) -> None:
            self.at += span

    app.settings["practice"] = SimpleNamespace(clock=Clock(), carrier=SimpleNamespace(look_at_clock=bool))
    year = {"advance_s": 365 * 24 * 3600}
    assert (await api("POST", "/practice/clock", year)).status == 200
    assert (await api("POST", "/practice/clock", year)).status == 400
