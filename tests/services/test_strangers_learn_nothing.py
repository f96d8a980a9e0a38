"""Nobody can tell from an answer, or from the work that goes into it, whether an address has an account.

Counted instead of timed: how often a password is hashed and what the database is asked before the answer is given.
Whatever differs happens after the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.circle_makers import App, entry, make_app
from tests.clients.circles import REGISTRATION, CirclesClient
from tests.clients.http import Api
from thserver.services.all import Services

COMMANDS = ("find", "insert", "update", "delete", "findAndModify", "aggregate", "count", "distinct")


@dataclass
class Work:
    """What one request cost, and what it left to be done after its answer."""

    hashed: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


@pytest.fixture
def known(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(lambda: make_app(api, services, "known@example.com"))
    return app


@pytest.fixture
def me(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(lambda: make_app(api, services, "me@example.com"))
    return app


@pytest.fixture
def watch(
    services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[tuple[Any, Work]]]:
    """Do something and say what it cost."""
    hasher = services.sign_in._hasher

    async def counters() -> dict[str, int]:
        status = await database._database.command("serverStatus")
        commands = status["metrics"]["commands"]
        return {name: int(commands[name]["total"]) for name in COMMANDS}

    async def watched(do: Callable[[], Awaitable[Any]]) -> tuple[Any, Work]:
        work = Work()
        await services.background.idle()
        with monkeypatch.context() as patch:
            for name in ("hash", "verify"):
                real = getattr(hasher, name)

                async def counted(*args: Any, _real: Any = real, _name: str = name) -> Any:
                    work.hashed.append(_name)
                    return await _real(*args)

                patch.setattr(hasher, name, counted)
            patch.setattr(services.background, "soon", lambda name, what: work.left.append(name))
            before = await counters()
            answer = await do()
            after = await counters()
        work.asked = {name: after[name] - before[name] for name in COMMANDS}
        return answer, work

    return watched


async def test_signing_in(api: Api, known: App, watch: Any) -> None:
    client = CirclesClient(api)
    answers = [
        await watch(lambda email=email: client.log_in(email, "wrong!", expect=401))
        for email in (known.email, "nobody@example.com")
    ]
    (one, its_work), (other, other_work) = answers
    assert one == other
    assert its_work == other_work
    assert its_work.hashed == ["verify"]


async def test_registering(api: Api, known: App, watch: Any) -> None:
    works = []
    for email in ("fresh@example.com", known.email):
        user = {**REGISTRATION, "email": email}
        answer, work = await watch(
            lambda user=user: CirclesClient(api).post("/registration/register", {"user": user})
        )
        assert set(answer) == {"http_status_code", "message", "user"}
        assert answer["user"]["id"] > known.id
        works.append(work)
    assert works[0].hashed == works[1].hashed == ["hash"]
    assert works[0].asked == works[1].asked
    # Each leaves one mail to be written.
    assert len(works[0].left) == len(works[1].left) == 1


async def test_forgetting_a_password(api: Api, known: App, watch: Any) -> None:
    answers = [
        await watch(
            lambda email=email: CirclesClient(api).post("/password/forgot", {"user": {"email": email}})
        )
        for email in (known.email, "nobody@example.com")
    ]
    (one, its_work), (other, other_work) = answers
    assert one == other
    assert its_work.asked == other_work.asked
    assert len(its_work.left) == len(other_work.left) == 1


async def test_inviting(me: App, known: App, watch: Any) -> None:
    works = []
    for email in (known.email, "nobody@example.com"):
        answer, work = await watch(
            lambda email=email: me.client.post("/friendship/add_one", {"user": entry(email)})
        )
        assert answer["user"]["avatar"] is None
        works.append(work)
    assert works[0].asked == works[1].asked


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/friendship/unfollow", {"user": {}}),
        ("/death_notice/initiate", {"initiation": {"date_of_death": "2026-03-01"}}),
        ("/death_notice/authorise", {"authorisation": {}}),
        (
            "/death_notice/send_funeral_details",
            {"funeral_details": {"time": "2026-03-08 11:55:00", "location": "x"}},
        ),
    ],
)
async def test_asking_about_an_account_holder(
    me: App, known: App, watch: Any, path: str, body: dict[str, dict[str, Any]]
) -> None:
    ((name, fields),) = body.items()
    answers = [
        await watch(lambda email=email: me.client.post(path, {name: {**fields, "email": email}}, expect=None))
        for email in (known.email, "nobody@example.com")
    ]
    (one, its_work), (other, other_work) = answers
    assert one == other
    assert one["http_status_code"] in (400, 404)
    assert its_work == other_work
