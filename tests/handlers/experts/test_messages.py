"""Messages over REST: documented answers, one's own only, read by being shown, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.experts import ExpertsClient
from tests.clients.sockets import MESSAGE
from tests.fakes.clock import FakeClock
from thserver.services import messages
from thserver.services.all import Services


async def send(sender: ExpertsClient, receiver: ExpertsClient, content: str) -> dict[str, Any]:
    answer = await sender("POST", "/messages/", {"receiver_id": receiver.id, "content": content}, expect=201)
    assert list(answer.body) == MESSAGE
    sent: dict[str, Any] = answer.body
    return sent


async def contents(reader: ExpertsClient, query: str = "") -> list[str]:
    answer = await reader("GET", f"/messages/{query}")
    assert all(list(each) == MESSAGE for each in answer.body)
    assert [each["id"] for each in answer.body] == sorted(each["id"] for each in answer.body)
    return [each["content"] for each in answer.body]


async def test_a_message_is_answered_as_documented(john: ExpertsClient, jane: ExpertsClient) -> None:
    sent = await send(john, jane, " Do you have any specific topics? ")
    assert sent == {
        "id": sent["id"],
        "sender_id": john.id,
        "sender_name": "John Doe",
        "receiver_id": jane.id,
        "receiver_name": "Jane Smith",
        "content": "Do you have any specific topics?",
        "is_read": False,
        "created_at": "2026-03-02T15:00:00Z",
    }
    assert (await jane("GET", "/messages/")).body == [sent]


@pytest.mark.parametrize(
    "content", ["</Say><b>&amp;", '{"$gt": ""}', "naïve 😀 مرحبا", "a\nb\t{other}", "x" * 2000]
)
async def test_what_is_written_is_what_is_read(
    john: ExpertsClient, jane: ExpertsClient, content: str
) -> None:
    await send(john, jane, content)
    assert await contents(jane) == [content]
    assert (await jane("GET", "/notifications/")).body[0][
        "content"
    ] == "You have a new message from John Doe."


async def test_everybody_reads_his_own_messages_only(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient
) -> None:
    for sender, receiver, content in (
        (john, jane, "1"),
        (jane, john, "2"),
        (bob, jane, "3"),
        (john, bob, "4"),
    ):
        await send(sender, receiver, content)
    assert await contents(john) == ["1", "2", "4"]
    assert await contents(jane) == ["1", "2", "3"]
    assert await contents(bob) == ["3", "4"]
    assert await contents(john, f"?with_user={jane.id}") == ["1", "2"]
    assert await contents(bob, f"?with_user={jane.id}") == ["3"]
    assert await contents(john, "?with_user=") == ["1", "2", "4"]


async def test_reading_a_conversation_marks_what_it_shows_as_read(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_SHOWN", 2)

    async def read(reader: ExpertsClient, query: str = "") -> list[bool]:
        return [each["is_read"] for each in (await reader("GET", f"/messages/{query}")).body]

    for content in "123":
        await send(john, jane, content)
    await send(bob, jane, "4")
    assert await read(jane) == [False, False], "the whole list marks nothing"
    assert await read(john, f"?with_user={jane.id}") == [False, False], "his own are read by the other only"
    assert await read(jane, f"?with_user={john.id}") == [True, True]
    assert await read(john, f"?with_user={jane.id}") == [True, True]
    first = (await john("GET", f"/messages/?with_user={jane.id}")).body[0]["id"]
    assert await read(john, f"?with_user={jane.id}&before={first}") == [False], (
        "what was not shown is not read"
    )
    assert await read(bob, f"?with_user={jane.id}") == [False]


async def test_the_last_hundred_are_shown_and_one_can_go_further_back(
    john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_SHOWN", 4)
    sent = [await send(john, jane, str(number)) for number in range(10)]
    for query in ("?", f"?with_user={jane.id}&"):
        assert await contents(john, query) == list("6789")
        assert await contents(john, f"{query}before={sent[6]['id']}") == list("2345")
        assert await contents(john, f"{query}before={sent[2]['id']}") == list("01")
        assert await contents(john, f"{query}before={sent[0]['id']}") == []


async def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient, database: Database, services: Services
) -> None:
    profiler = database._database

    async def queries(path: str) -> int:
        await services.background.idle()
        await profiler.command("profile", 2)
        await john("GET", path)
        await profiler.command("profile", 0)
        query = {"op": {"$in": ["query", "command", "update"]}}
        count = await profiler["system.profile"].count_documents(query)
        await profiler["system.profile"].drop()
        return count

    paths = ("/messages/", f"/messages/?with_user={jane.id}", "/notifications/")
    await send(jane, john, "0")
    few = [await queries(path) for path in paths]
    for number in range(8):
        await send(jane if number % 2 else bob, john, str(number))
    assert [await queries(path) for path in paths] == few
    assert max(few) < 8


@each_case(
    ("changes", "problem"),
    [
        ({"receiver_id": None}, {"receiver_id": ["This field may not be null."]}),
        ({"receiver_id": 999_999}, {"receiver_id": ["User with this ID does not exist."]}),
        ({"receiver_id": -1}, {"receiver_id": ["User with this ID does not exist."]}),
        ({"receiver_id": "me"}, {"receiver_id": ["A valid integer is required."]}),
        ({"content": ""}, {"content": ["This field may not be blank."]}),
        ({"content": "x" * 2001}, {"content": ["Ensure this field has no more than 2000 characters."]}),
        ({"content": "a\x00b"}, {"content": ["Null characters are not allowed."]}),
        ({"content": {"$ne": 1}}, {"content": ["Not a valid string."]}),
    ],
)
async def test_a_message_that_is_none_is_refused_and_leaves_nothing(
    john: ExpertsClient, jane: ExpertsClient, changes: dict[str, Any], problem: dict[str, Any]
) -> None:
    body = {"receiver_id": jane.id, "content": "Hello", **changes}
    assert (await john("POST", "/messages/", body, expect=400)).body == {"errors": problem}
    assert await contents(john) == await contents(jane) == []
    assert (await jane("GET", "/notifications/")).body == []


async def test_one_does_not_write_to_oneself(john: ExpertsClient) -> None:
    answer = await john("POST", "/messages/", {"receiver_id": john.id, "content": "Hello"}, expect=400)
    assert answer.body == {"errors": {"receiver_id": ["You can not send a message to yourself."]}}


async def test_whom_one_has_blocked_can_not_write_to_one(
    john: ExpertsClient, jane: ExpertsClient, services: Services
) -> None:
    await services.blacklist.add(await services.sign_in.who(jane.token or ""), john.id)
    answer = await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=403)
    assert answer.body == {"error": "You can not send messages to this user."}
    await send(jane, john, "I can write to you, though.")
    assert await contents(jane) == ["I can write to you, though."]


async def test_a_closed_account_gets_no_messages_and_its_name_is_gone_from_the_old_ones(
    john: ExpertsClient, jane: ExpertsClient, services: Services, database: Database
) -> None:
    await send(jane, john, "Goodbye")
    await send(john, jane, "Goodbye")
    await services.closing.close(await services.sign_in.who(jane.token or ""))
    answer = await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello?"}, expect=400)
    assert answer.body == {"errors": {"receiver_id": ["User with this ID does not exist."]}}
    (first, _) = (await john("GET", f"/messages/?with_user={jane.id}")).body
    assert first["sender_name"] == "Deleted user"
    (told,) = (await john("GET", "/notifications/")).body
    assert told["content"] == "You have a new message from Deleted user."
    assert await database.notifications.latest(jane.id, is_read=None, before=None, limit=9) == []


@pytest.mark.parametrize(
    "query", ["with_user=999999", "with_user=x", "with_user=-1", "before=x", "before=1.5"]
)
async def test_a_filter_that_is_none_is_refused(john: ExpertsClient, query: str) -> None:
    answer = await john("GET", f"/messages/?{query}", expect=400)
    assert list(answer.body["errors"]) == [query.partition("=")[0]]


async def test_without_a_sign_in_nothing_is_shown(john: ExpertsClient, jane: ExpertsClient) -> None:
    stranger = ExpertsClient(john.api)
    for method, path in (("GET", "/messages/"), ("POST", "/messages/"), ("GET", "/notifications/")):
        await stranger(
            method, path, {"receiver_id": jane.id, "content": "x"} if method == "POST" else None, expect=401
        )


async def test_a_name_is_shown_as_it_is_now(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await send(jane, john, "Hello")
    await jane("PUT", "/users/me/", {"first_name": "Janet"})
    assert (await john("GET", "/messages/")).body[0]["sender_name"] == "Janet Smith"
    assert (await john("GET", "/notifications/")).body[0][
        "content"
    ] == "You have a new message from Janet Smith."
