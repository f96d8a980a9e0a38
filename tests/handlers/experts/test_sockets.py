"""WebSockets of contract experts: every event as documented, every end with its code, nobody's events to another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tornado.httpclient import HTTPClientError

from handlers import web_socket
from handlers.experts import sockets
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.sockets import RawSocket, opened, url_of
from tests.fakes.clock import FakeClock
from tests.lost_history import lose_history
from thserver.domain.messages import Message
from thserver.services.all import Services
from thserver.services.live import Event

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def open_sockets(app: Any) -> list[sockets.Everything]:
    return list(app.settings.get("open_sockets", ()))


async def none_left(app: Any) -> None:
    """Wait until the service has forgotten every socket."""
    async with asyncio.timeout(5):
        while open_sockets(app):  # noqa: ASYNC110 (they tell nobody when they go)
            await asyncio.sleep(0.01)


def message(sender: ExpertsClient, receiver: ExpertsClient, number: int, content: str) -> Event:
    """An event as the changes of the database bring it."""
    clock = FakeClock()
    item = Message(
        id=number, sender_id=sender.id, receiver_id=receiver.id, content=content, created=clock.now()
    )
    return Event(item, {sender.id: "John Doe", receiver.id: "Jane Smith"})


# What goes over them.


async def test_a_message_over_a_socket_reaches_every_open_socket_of_both(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns_chat,
        opened(base_url, "/ws/", john.token) as johns,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token) as janes_chat,
        opened(base_url, "/ws", jane.token) as janes,
        opened(base_url, "/ws/notifications/", jane.token) as janes_notifications,
    ):
        await johns_chat.send("Hello, how are you?", receiver_id=4711, id=1, is_read=True)
        seen = [await each.message() for each in (johns_chat, johns, janes_chat, janes)]
        assert all(each == seen[0] for each in seen)
        assert seen[0] == {
            "id": seen[0]["id"],
            "sender_id": john.id,
            "sender_name": "John Doe",
            "receiver_id": jane.id,
            "receiver_name": "Jane Smith",
            "content": "Hello, how are you?",
            "is_read": False,
            "created_at": "2026-03-02T15:00:00Z",
        }
        told = await janes_notifications.notification()
        assert told == await janes.notification()
        assert told == {
            "id": told["id"],
            "user_id": jane.id,
            "title": "New Message",
            "content": "You have a new message from John Doe.",
            "notification_type": "new_message",
            "related_id": seen[0]["id"],
            "is_read": False,
            "created_at": "2026-03-02T15:00:00Z",
        }
        assert (await jane("GET", f"/messages/?with_user={john.id}")).body[0]["id"] == seen[0]["id"]


async def test_a_message_over_rest_reaches_every_open_socket_of_both(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", headers={"Authorization": f"Bearer {jane.token}"}) as janes,
    ):
        sent = await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=201)
        assert await johns.message() == await janes.message() == sent.body


async def test_the_general_socket_takes_messages_to_anybody_and_the_other_answers(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns, opened(base_url, "/ws/", jane.token) as janes:
        await johns.send("Hello", receiver_id=jane.id)
        assert (await janes.message())["content"] == "Hello"
        await janes.send("I'm doing well, thanks!", receiver_id=john.id)
        assert [(await johns.message())["content"] for _ in range(2)] == ["Hello", "I'm doing well, thanks!"]


async def test_a_conversation_carries_nothing_else_and_nobody_sees_what_is_not_his(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", bob.token) as bobs,
        opened(base_url, f"/ws/chat/{john.id}/", bob.token) as bobs_chat,
        opened(base_url, "/ws/notifications/", john.token) as johns_notifications,
    ):
        for sender, receiver, content in (
            (bob, jane, "1"),
            (jane, bob, "2"),
            (bob, john, "3"),
            (john, jane, "4"),
        ):
            await sender("POST", "/messages/", {"receiver_id": receiver.id, "content": content}, expect=201)
        assert (await johns.message())["content"] == "4"
        assert [(await bobs.message())["content"] for _ in range(3)] == ["1", "2", "3"]
        assert (await bobs_chat.message())["content"] == "3"
        assert (await johns_notifications.notification())[
            "content"
        ] == "You have a new message from Bob Johnson."


async def test_what_happens_to_a_meeting_arrives_while_one_looks(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, "/ws/notifications/", jane.token) as janes,
        opened(base_url, "/ws/", john.token) as johns,
    ):
        meeting = await john.meet(jane, "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z", title="Hooks")
        told = await janes.notification()
        assert (told["title"], told["content"], told["notification_type"], told["related_id"]) == (
            "Meeting Request",
            "You have a new meeting request from John Doe.",
            "meeting_request",
            meeting["id"],
        )
        await jane.set_status(meeting, "confirmed")
        told = await johns.notification()
        assert (told["title"], told["content"], told["notification_type"], told["related_id"]) == (
            "Meeting Confirmed",
            "Your meeting 'Hooks' has been confirmed.",
            "meeting_confirmed",
            meeting["id"],
        )


async def test_messages_of_one_socket_keep_their_order(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token) as janes,
    ):
        for number in range(20):
            await johns.send(str(number))
            await janes.send(f"and {number}")
        seen = [await johns.message() for _ in range(40)]
        assert seen == [await janes.message() for _ in range(40)]
        assert [each["content"] for each in seen if each["sender_id"] == john.id] == [
            str(n) for n in range(20)
        ]


# Coming back.


async def test_whoever_comes_back_with_the_last_number_gets_what_he_missed_once_and_in_order(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PAGE", 3)
    async with opened(base_url, "/ws/", jane.token) as janes:
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": "0"}, expect=201)
        await janes.notification()
        last = janes.last
    for number in range(1, 6):
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": str(number)}, expect=201)
    async with (
        opened(base_url, "/ws/", jane.token, since=last) as janes,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token, since=last) as janes_chat,
        opened(base_url, "/ws/notifications/", jane.token, since=last) as janes_notifications,
        opened(base_url, "/ws/", jane.token, since=0) as from_the_beginning,
        opened(base_url, "/ws/", jane.token) as from_now,
    ):
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": "6"}, expect=201)
        for each in (janes, janes_chat):
            assert [(await each.message())["content"] for _ in range(6)] == list("123456")
        assert len({(await janes_notifications.notification())["related_id"] for _ in range(6)}) == 6
        assert [(await from_the_beginning.message())["content"] for _ in range(7)] == list("0123456")
        assert (await from_now.message())["content"] == "6"


async def test_a_number_that_was_never_given_keeps_nothing_away(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", jane.token, since=10**17) as janes:
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=201)
        assert (await janes.message())["content"] == "Hello"


async def test_whoever_was_away_too_long_is_told_to_look_for_himself(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PAGE", 2)
    monkeypatch.setattr(sockets, "MOST_MISSED", 4)
    for number in range(4):
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": str(number)}, expect=201)
    async with opened(base_url, f"/ws/chat/{john.id}/", jane.token, since=0) as janes:
        assert [(await janes.message())["content"] for _ in range(4)] == list("0123")
        assert await janes.read() == {"type": "resync"}
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": "4"}, expect=201)
        assert (await janes.message())["content"] == "4"


async def test_what_comes_while_one_catches_up_is_neither_lost_nor_doubled(
    base_url: str,
    app: Any,
    john: ExpertsClient,
    jane: ExpertsClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "PAGE", 4)
    monkeypatch.setattr(sockets, "MOST_PENDING", 2)
    await john("POST", "/messages/", {"receiver_id": jane.id, "content": "0"}, expect=201)
    after, is_held, go_on = services.live.after, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> list[Event]:
        found = await after(*args, **kwargs)
        is_held.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(services.live, "after", slow)
    async with opened(base_url, f"/ws/chat/{john.id}/", jane.token, since=0) as janes:
        await is_held.wait()
        # More than may wait.
        async with opened(base_url, f"/ws/chat/{john.id}/", jane.token) as others:
            for number in range(1, 6):
                await john("POST", "/messages/", {"receiver_id": jane.id, "content": str(number)}, expect=201)
                await others.message()
        go_on.set()
        assert [(await janes.message())["content"] for _ in range(6)] == list("012345")


async def test_when_changes_are_lost_every_socket_is_told_to_look_for_itself(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, services: Services
) -> None:
    async with (
        opened(base_url, "/ws/", john.token) as johns,
        opened(base_url, f"/ws/chat/{john.id}/", jane.token) as janes,
    ):
        await lose_history(services.live)
        assert await johns.read() == await janes.read() == {"type": "resync"}
        await johns.send("Hello", receiver_id=jane.id)
        assert (await janes.message())["content"] == "Hello"


async def test_what_is_found_while_catching_up_and_heard_besides_is_shown_once(
    base_url: str,
    john: ExpertsClient,
    jane: ExpertsClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await john("POST", "/messages/", {"receiver_id": jane.id, "content": "0"}, expect=201)
    after, is_held, go_on = services.live.after, asyncio.Event(), asyncio.Event()

    async def late(*args: Any, **kwargs: Any) -> list[Event]:
        is_held.set()
        await go_on.wait()
        return await after(*args, **kwargs)

    monkeypatch.setattr(services.live, "after", late)
    async with opened(base_url, f"/ws/chat/{john.id}/", jane.token, since=0) as janes:
        await is_held.wait()
        async with opened(base_url, f"/ws/chat/{john.id}/", jane.token) as others:
            for number in (1, 2):
                await john("POST", "/messages/", {"receiver_id": jane.id, "content": str(number)}, expect=201)
                await others.message()
        go_on.set()
        assert [(await janes.message())["content"] for _ in range(3)] == list("012")
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": "3"}, expect=201)
        assert (await janes.message())["content"] == "3"


@pytest.mark.parametrize("since", ["abc", "-1", "1.5", str(2**63), "1e3"])
async def test_a_number_that_is_none_is_refused(base_url: str, john: ExpertsClient, since: str) -> None:
    async with opened(base_url, "/ws/", john.token, since=since) as johns:
        assert list(await johns.error()) == ["type", "errors"]
        assert await johns.closed() == 1008


# Who may come in.


@pytest.mark.parametrize("token", [None, "", "nonsense", "x" * 300, "%F0%9F%98%80"])
@pytest.mark.parametrize("path", ["/ws/", "/ws/chat/1/", "/ws/notifications/"])
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


# What comes in.


async def test_what_can_not_be_done_is_said_and_the_socket_stays_open(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        for body, said in (
            ({"type": "subscribe", "to": 7}, {"error": "Unknown type."}),
            ({}, {"error": "Unknown type."}),
            ({"type": ["message.send"]}, {"error": "Unknown type."}),
            (
                {"type": "message.send", "content": "x"},
                {"errors": {"receiver_id": ["This field is required."]}},
            ),
            (
                {"type": "message.send", "content": " ", "receiver_id": jane.id},
                {"errors": {"content": ["This field may not be blank."]}},
            ),
            (
                {"type": "message.send", "content": "x" * 2001, "receiver_id": jane.id},
                {"errors": {"content": ["Ensure this field has no more than 2000 characters."]}},
            ),
            (
                {"type": "message.send", "content": "x", "receiver_id": 999_999},
                {"errors": {"receiver_id": ["User with this ID does not exist."]}},
            ),
            (
                {"type": "message.send", "content": "x", "receiver_id": john.id},
                {"errors": {"receiver_id": ["You can not send a message to yourself."]}},
            ),
            (
                {"type": "message.send", "content": {"$gt": ""}, "receiver_id": [jane.id]},
                {
                    "errors": {
                        "receiver_id": ["A valid integer is required."],
                        "content": ["Not a valid string."],
                    }
                },
            ),
        ):
            await johns.say(body)
            assert await johns.error() == {"type": "error", **said}
        await johns.send("At last", receiver_id=jane.id)
        assert (await johns.message())["content"] == "At last"
    assert len((await john("GET", "/messages/")).body) == 1


async def test_the_notifications_socket_takes_no_messages(
    base_url: str, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/notifications/", john.token) as johns:
        await johns.send("Hello", receiver_id=jane.id)
        assert await johns.error() == {"type": "error", "error": "Unknown type."}


async def test_the_third_bad_message_in_a_row_is_the_last(base_url: str, john: ExpertsClient) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        for bad in ("{", "[1]", '{"type": "nothing"}', "NaN", '"x"'):
            await johns.connection.write_message(bad)
            await johns.error()
        await johns.connection.write_message('{"a": 1, "a": 2}')
        assert await johns.closed() == 1008


@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [
        (0x1, b"x" * (64 * 1024 + 1), 1009),
        (0x1, b"x" * (3 * 1024 * 1024), 1009),
        (0x2, b"\x00\x01", 1003),
        (0x1, b"\xff\xfe", 1007),
        (0x1, b"\xed\xa0\x80", 1007),
        (0x3, b"what is this?", 1002),
        (0x0, b"the rest of nothing", 1002),
        (0x9, b"x" * 126, 1002),
    ],
)
async def test_whoever_breaks_the_protocol_is_told_why_he_is_closed(
    base_url: str, app: Any, john: ExpertsClient, opcode: int, payload: bytes, code: int
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    raw.frame(opcode, payload)
    # Going on as if nothing had happened.
    for _ in range(20):
        raw.frame(0x1, b'{"type": "nothing"}')
    assert await raw.close_code() == code
    await raw.closed()
    await none_left(app)


async def test_a_message_of_64_kilobytes_is_taken_and_one_in_pieces_too(
    base_url: str, john: ExpertsClient
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    filler = b'{"type": "%s"}'
    raw.frame(0x1, filler % (b"x" * (64 * 1024 - len(filler) + 2)))
    assert orjson.loads((await raw.read())[1])["error"] == "Unknown type."
    raw.frame(0x1, b'{"type": ', final=False)
    raw.frame(0x9, b"between")
    raw.frame(0x0, b'"pieces"}')
    assert await raw.read() == (0xA, b"between")
    assert orjson.loads((await raw.read())[1])["error"] == "Unknown type."
    # A message that grows beyond its limit piece by piece.
    raw.frame(0x1, b"x" * 60_000, final=False)
    raw.frame(0x0, b"x" * 60_000)
    assert await raw.close_code() == 1009
    await raw.closed()


async def test_an_exception_inside_closes_with_1011_and_nobody_else_notices(
    base_url: str,
    john: ExpertsClient,
    jane: ExpertsClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = services.messages.send

    async def failing(sender: Any, receiver_id: int, content: str) -> Any:
        if content == "explode":
            raise RuntimeError("a bug")
        return await send(sender, receiver_id, content)

    monkeypatch.setattr(services.messages, "send", failing)
    async with opened(base_url, "/ws/", john.token) as johns, opened(base_url, "/ws/", jane.token) as janes:
        await johns.send("explode", receiver_id=jane.id)
        assert await johns.closed() == 1011
        await janes.send("Hello", receiver_id=john.id)
        assert (await janes.message())["content"] == "Hello"


async def test_a_hundred_messages_a_minute_are_enough(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST_REFUSED", 5)
    async with opened(base_url, "/ws/", john.token) as first, opened(base_url, "/ws/", john.token) as second:
        for each in (first, second):
            for _ in range(50):
                await each.say({"type": "nothing"})
                assert (await each.error())["error"] == "Unknown type."
        for _ in range(5):
            await first.say({"type": "nothing"})
            assert (await first.error())["error"] == "Too many requests. Try again later."
        await first.say({"type": "nothing"})
        assert await first.closed() == 1008
        clock.advance(seconds=61)
        await second.send("Hello", receiver_id=jane.id)
        assert (await second.message())["content"] == "Hello"


# Readers who do not read.


async def test_a_reader_that_never_reads_is_closed_with_1013_and_costs_the_others_nothing(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient
) -> None:
    async with opened(base_url, "/ws/", jane.token) as janes:
        lazy = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
        await wait_until(lambda: len(open_sockets(app)) == 2)
        handler = next(each for each in open_sockets(app) if each.person_id == john.id)
        protocol = handler.ws_connection
        assert protocol is not None
        told = 0
        for number in range(1, 10_001):
            event = message(john, jane, number, "x" * 500)
            for each in open_sockets(app):
                each.hear(event)
            if number % 100 == 0:
                # The one who reads, reads; what waits for the other stays within its bounds.
                for _ in range(100):
                    await janes.message()
                    told += 1
                assert len(protocol._queue or ()) <= web_socket.MOST_EVENTS_WAITING
        assert told == 10_000
        assert not handler.is_open
        seen = []
        while (frame := await asyncio.wait_for(lazy.read(), 5))[0] == 0x1:
            seen.append(orjson.loads(frame[1])["message"]["id"])
        assert frame[0] == 0x8
        assert int.from_bytes(frame[1][:2], "big") == 1013
        # What he did get has no gap, so that he can come back with the last number.
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < 3_000
        await lazy.closed()


async def test_a_large_event_more_than_fits_closes_with_1013(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "MOST_BYTES_WAITING", 100_000)
    lazy = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
    await wait_until(lambda: len(open_sockets(app)) == 1)
    (handler,) = open_sockets(app)
    for number in range(1, 2_000):
        handler.hear(message(john, jane, number, "😀" * 2_000))
        if not handler.is_open:
            break
    assert number < 200
    await lazy.closed()


async def test_a_slow_reader_gets_everything_in_order(
    base_url: str, app: Any, john: ExpertsClient, jane: ExpertsClient
) -> None:
    slow = await RawSocket.connect(url_of(base_url, "/ws/", john.token), limit=2**12)
    await wait_until(lambda: len(open_sockets(app)) == 1)
    (handler,) = open_sockets(app)
    number = 0
    for _ in range(10):
        # As many as surely wait, and then read them all.
        first = number
        while handler.ws_connection is not None and len(handler.ws_connection._queue or ()) < 200:
            number += 1
            handler.hear(message(john, jane, number, "x" * 1_000))
        for expected in range(first + 1, number + 1):
            opcode, payload = await asyncio.wait_for(slow.read(), 5)
            assert opcode == 0x1
            assert orjson.loads(payload)["message"]["id"] == expected
    assert handler.is_open
    await slow.closed()


@pytest.fixture
def impatient(app: Any) -> Iterator[None]:
    app.settings["websocket_ping_interval"] = app.settings["websocket_ping_timeout"] = 0.1
    yield
    del app.settings["websocket_ping_interval"], app.settings["websocket_ping_timeout"]


async def test_a_connection_that_answers_no_ping_is_given_up(
    base_url: str, app: Any, john: ExpertsClient, impatient: None
) -> None:
    raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
    assert (await raw.read())[0] == 0x9
    assert await raw.close_code() == 1000
    await raw.closed()
    await none_left(app)
    assert app.settings["services"].live._listeners == {}


async def test_who_answers_pings_stays(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, impatient: None
) -> None:
    async with opened(base_url, "/ws/", john.token) as johns:
        reading = asyncio.ensure_future(johns.message())
        await asyncio.sleep(0.5)
        await jane("POST", "/messages/", {"receiver_id": john.id, "content": "Hello"}, expect=201)
        assert (await reading)["content"] == "Hello"


async def test_who_is_gone_without_a_word_is_forgotten(base_url: str, app: Any, john: ExpertsClient) -> None:
    for _ in range(3):
        raw = await RawSocket.connect(url_of(base_url, "/ws/", john.token))
        sock: socket.socket = raw.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        raw.writer.transport.abort()
    await none_left(app)
    assert app.settings["services"].live._listeners == {}


# Blocking.


async def test_whom_one_has_blocked_can_not_write_to_one(
    base_url: str, john: ExpertsClient, jane: ExpertsClient, services: Services
) -> None:
    janes_person = await services.sign_in.who(jane.token or "")
    async with (
        opened(base_url, f"/ws/chat/{jane.id}/", john.token) as johns,
        opened(base_url, "/ws/", jane.token) as janes,
    ):
        await services.blacklist.add(janes_person, john.id)
        await johns.send("Hello")
        assert (await johns.error())["error"] == "You can not send messages to this user."
        await services.blacklist.remove(janes_person, john.id)
        await johns.send("Hello again")
        assert (await janes.message())["content"] == "Hello again"


async def wait_until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)
