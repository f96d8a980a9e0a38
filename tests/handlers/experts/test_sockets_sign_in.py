"""Who may open a socket of contract experts, from which pages, and when he is signed out of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tornado.httpclient import HTTPClientError

from tests.cases import each_case
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.sockets import opened
from tests.fakes.clock import FakeClock
from tests.handlers.experts.socket_makers import open_sockets
from thserver.services.all import Services

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


# Who may come in.


@each_case("token", [None, "", "nonsense", "x" * 300, "%F0%9F%98%80"])
@each_case("path", ["/ws/", "/ws/chat/1/", "/ws/notifications/"])
async def test_without_a_good_token_it_is_closed_with_4401(
    base_url: str, path: str, token: str | None
) -> None:
    async with opened(base_url, path, token) as nobodys:
        assert await nobodys.closed() == 4401


async def test_an_expired_token_is_closed_with_4401(
    base_url: str, john: ExpertsClient, clock: FakeClock
) -> None:
    clock.advance(days=31)
    async with opened(base_url, "/ws/", john.token) as johns:
        assert await johns.closed() == 4401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "file://", "https://[", "http://127.0.0.1:1"]
)
async def test_a_strange_page_is_refused(base_url: str, john: ExpertsClient, origin: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        async with opened(base_url, "/ws/", john.token, headers={"Origin": origin}):
            pass
    assert refused.value.code == 403
    assert refused.value.response is not None
    assert list(orjson.loads(refused.value.response.body)) == ["error"]


async def test_our_own_pages_and_those_that_the_operator_allows_are_let_in(
    base_url: str, app: Any, john: ExpertsClient
) -> None:
    app.settings["allowed_origins"] |= {"https://app.example.com"}
    for origin in (base_url, "https://www.techheroes.xyz", "https://APP.example.com:443"):
        async with opened(base_url, "/ws/", john.token, headers={"Origin": origin}) as johns:
            await johns.say({"type": "nothing"})
            await johns.error()


async def test_a_page_that_hides_where_it_is_from_is_refused(base_url: str, john: ExpertsClient) -> None:
    with pytest.raises(HTTPClientError) as refused:
        async with opened(base_url, "/ws/", john.token, headers={"Sec-Fetch-Site": "cross-site"}):
            pass
    assert refused.value.code == 403


@pytest.mark.parametrize("path", ["/ws/", "/ws", "/ws/chat/1/", "/ws/notifications/"])
async def test_a_plain_request_is_told_to_upgrade(api: Api, john: ExpertsClient, path: str) -> None:
    answer = await api("GET", path, token=f"Bearer {john.token}")
    assert answer.status == 426
    assert list(answer.body) == ["error"]
    assert answer.headers["Upgrade"] == "websocket"
    assert (await api("POST", path, {})).status == 405


async def test_a_handshake_that_is_half_of_one_is_refused(api: Api, john: ExpertsClient, app: Any) -> None:
    for left_out in ("Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
        headers = {name: value for name, value in UPGRADE.items() if name != left_out}
        answer = await api("GET", f"/ws/?token={john.token}", headers=headers)
        assert answer.status in (400, 426), left_out
    assert open_sockets(app) == []
    assert app.settings["services"].live._listeners == {}


@pytest.mark.parametrize(
    "path", ["/ws/nowhere/", "/ws/chat/", "/ws/chat/0/", "/ws/chat/abc/", "/ws/chat/1/2/"]
)
async def test_other_paths_do_not_exist(api: Api, path: str) -> None:
    answer = await api("GET", path, headers=UPGRADE)
    assert (answer.status, list(answer.body)) == (404, ["error"])


async def test_a_conversation_with_nobody_or_oneself_is_refused(base_url: str, john: ExpertsClient) -> None:
    for other_id, sentence in (
        (999_999, "User with this ID does not exist."),
        (10**17, "User with this ID does not exist."),
        (john.id, "You can not send a message to yourself."),
    ):
        async with opened(base_url, f"/ws/chat/{other_id}/", john.token) as johns:
            assert (await johns.error())["errors"] == {"receiver_id": [sentence]}
            assert await johns.closed() == 4404


async def test_so_many_sockets_of_one_person_are_enough(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thserver.services.live.MOST_OF_ONE_PERSON", 2)
    async with opened(base_url, "/ws/", john.token), opened(base_url, "/ws/", john.token) as second:
        async with opened(base_url, "/ws/", john.token) as third:
            assert await third.closed() == 1008
        async with opened(base_url, "/ws/", jane.token) as janes:
            await janes.send("Hello", receiver_id=john.id)
            assert (await second.message())["content"] == "Hello"


# Being signed out.


@pytest.mark.parametrize("how", ["logout", "password", "closed"])
async def test_a_token_that_ends_closes_its_sockets_and_no_others(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, services: Services, how: str
) -> None:
    person = await services.sign_in.who(john.token or "")
    async with (
        opened(base_url, "/ws/", john.token) as johns,
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns_chat,
        opened(base_url, "/ws/", jane.token) as janes,
    ):
        if how == "logout":
            await john("POST", "/users/logout/")
        elif how == "password":
            await services.sign_in.sign_out_elsewhere(person.id, None)
        else:
            await services.closing.close(person)
        await services.live.check_tokens()
        assert [await johns.closed(), await johns_chat.closed()] == [4401, 4401]
        await janes.say({"type": "nothing"})
        await janes.error()


async def test_it_is_looked_by_itself_whether_everybody_is_still_signed_in(
    base_url: str, john: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thserver.services.following.CHECK_EVERY_S", 0.05)
    async with opened(base_url, "/ws/", john.token) as johns:
        await john("POST", "/users/logout/")
        assert await johns.closed() == 4401
