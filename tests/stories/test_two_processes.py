"""Two processes of the service on one MongoDB: each delivers to the other's sockets, and when one goes, those who come
back elsewhere with their last number have lost nothing and read nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from pathlib import Path

from tornado.httpclient import HTTPClientError

from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.sockets import opened
from tests.stories.fleet import Fleet, fleet


async def two_people(address: str) -> tuple[ExpertsClient, ExpertsClient]:
    api = Api(address)
    john = await ExpertsClient(api).register("john")
    return john, await ExpertsClient(api).register("jane", first_name="Jane", last_name="Smith")


async def started(houses: Fleet) -> None:
    await houses.start(houses.ports[0])
    await houses.start(houses.ports[1])


async def test_sockets_of_two_processes_hear_of_each_other_and_survive_the_end_of_one(
    mongo_uri: str, tmp_path: Path
) -> None:
    async with fleet(mongo_uri, tmp_path, "two_processes", processes=2) as houses:
        await started(houses)
        one, two = houses.addresses
        john, jane = await two_people(one)
        async with contextlib.AsyncExitStack() as stack:
            johns = await stack.enter_async_context(opened(one, f"/ws/chat/{jane.id}/", john.token))
            johns_elsewhere = await stack.enter_async_context(opened(two, "/ws/", john.token))
            janes = await stack.enter_async_context(opened(two, f"/ws/chat/{john.id}/", jane.token))
            janes_notifications = await stack.enter_async_context(
                opened(one, "/ws/notifications/", jane.token)
            )

            # Both talk at once, each at his own process.
            async def talk(socket: object, name: str) -> None:
                for number in range(10):
                    await socket.send(f"{name} {number}")  # type: ignore[attr-defined]

            await asyncio.gather(talk(johns, "john"), talk(janes, "jane"))
            seen = [await johns.message() for _ in range(20)]
            assert seen == [await janes.message() for _ in range(20)]
            assert seen == [await johns_elsewhere.message() for _ in range(20)]
            for name in ("john", "jane"):
                said = [each["content"] for each in seen if each["content"].startswith(name)]
                assert said == [f"{name} {number}" for number in range(10)]
            told = [await janes_notifications.notification() for _ in range(10)]
            assert [each["related_id"] for each in told] == [
                each["id"] for each in seen if each["sender_id"] == john.id
            ]

            # Signing out at one process ends the sockets at the other.
            await ExpertsClient(Api(one), jane.token)("POST", "/users/logout/")
            async with asyncio.timeout(5):
                assert await janes.closed() == 4401

            # One process is asked to go: its sockets are told, the others stay.
            last = johns.last
            process = houses.processes.pop(houses.ports[0])
            process.send_signal(signal.SIGTERM)
            assert await johns.closed() == 1012
            async with asyncio.timeout(20):
                assert await process.wait() == 0
            process.close()

            there = ExpertsClient(Api(two))
            await there("POST", "/users/login/", {"username": "jane", "password": "securepassword"})
            for number in range(3):
                body = {"receiver_id": john.id, "content": f"while away {number}"}
                await there("POST", "/messages/", body, expect=201)
            back = await stack.enter_async_context(
                opened(two, f"/ws/chat/{jane.id}/", john.token, since=last)
            )
            body = {"receiver_id": john.id, "content": "here again"}
            await there("POST", "/messages/", body, expect=201)
            wanted = [*(f"while away {number}" for number in range(3)), "here again"]
            assert [(await back.message())["content"] for _ in range(4)] == wanted
            assert [(await johns_elsewhere.message())["content"] for _ in range(4)] == wanted
        assert houses.complaints() == ""
        assert not re.search(re.escape(john.token or "no token"), (houses.folder / "stderr").read_text())


async def test_killed_in_the_middle_of_many_messages_nobody_loses_or_doubles_what_was_acknowledged(
    mongo_uri: str, tmp_path: Path
) -> None:
    async with fleet(mongo_uri, tmp_path, "two_killed", processes=2) as houses:
        await started(houses)
        one, two = houses.addresses
        john, jane = await two_people(one)
        acknowledged: list[int] = []

        async def write() -> None:
            at_one, at_two = ExpertsClient(Api(one), john.token), ExpertsClient(Api(two), john.token)
            is_there = True
            for number in range(60):
                body = {"receiver_id": jane.id, "content": str(number)}
                client = at_one if is_there and number % 2 else at_two
                try:
                    answer = await client("POST", "/messages/", body, expect=None)
                except (OSError, HTTPClientError):
                    is_there = False
                    continue
                if answer.status == 201:
                    acknowledged.append(answer.body["id"])
                else:
                    # The one who was killed may have left a transaction open.
                    assert answer.status == 503
                    assert not is_there
                    await asyncio.sleep(0.2)

        async with opened(two, "/ws/", jane.token) as watching:
            async with opened(one, f"/ws/chat/{john.id}/", jane.token) as janes:
                writing = asyncio.ensure_future(write())
                seen = [(await janes.message())["id"] for _ in range(15)]
                await houses.kill(houses.ports[0])
                # What the kernel still has of it is read too.
                with contextlib.suppress(AssertionError, OSError):
                    while True:
                        seen.append((await janes.message())["id"])
            await writing
            async with opened(two, f"/ws/chat/{john.id}/", jane.token, since=seen[-1]) as back:
                while seen[-1] < acknowledged[-1]:
                    seen.append((await back.message())["id"])
            kept = [
                each["id"] for each in (await ExpertsClient(Api(two), jane.token)("GET", "/messages/")).body
            ]
            assert seen == kept
            assert set(acknowledged) <= set(kept)
            assert [(await watching.message())["id"] for _ in kept] == kept
        assert houses.complaints() == ""
