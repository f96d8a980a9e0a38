"""Whoever comes back to a socket of contract experts gets what he has missed, once and in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers.experts import sockets
from tests.clients.experts import ExpertsClient
from tests.clients.sockets import opened
from tests.lost_history import lose_history
from thserver.services.all import Services
from thserver.services.live import Event

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
