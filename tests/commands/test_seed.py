"""`thserver seed`: a table of who is there, from the service that made them; a sentence where it may not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from store.data_folder import amend_record
from store.database import Database
from tests.commands.conftest import Command
from thserver.services import example_people as cast

MADE = {
    "people": [
        {
            "name": each.full_name,
            "shown": each.phone,
            "does": each.does,
            "contract": each.contract,
            "email": each.email,
            "password": each.password,
        }
        for each in cast.EVERYBODY
    ],
    "new": 15,
    "booked": 5,
}


@contextlib.asynccontextmanager
async def service(folder: Path, status: int, said: Any) -> AsyncIterator[str]:
    """A service on this data folder that answers so."""

    class Examples(RequestHandler):
        def post(self) -> None:
            self.set_status(status)
            self.finish(said)

    bound, port = bind_unused_port()
    server = HTTPServer(Application([("/practice/examples", Examples)]))
    server.add_sockets([bound])
    address = f"http://127.0.0.1:{port}"
    amend_record(folder, address=address, development=True)
    try:
        yield address
    finally:
        server.stop()
        amend_record(folder, address=None)


async def test_it_prints_who_is_there_and_where_to_call_them(command: Command, tmp_path: Path) -> None:
    async with service(tmp_path, 200, MADE) as address:
        printed = await command("seed")
        assert (printed.code, printed.err) == (0, "")
        lines = printed.out.splitlines()
        assert lines[0].split("\t") == ["name", "number", "what for", "contract", "e-mail", "password"]
        assert lines[1].split("\t")[0] == "Hanna Berg"
        assert lines[-2:] == [
            "15 people and 5 bookings are new.",
            f"Call them on the practice phones at {address}/",
        ]
        assert json.loads((await command("seed", "--json")).out) == MADE


async def test_it_says_why_not(command: Command, tmp_path: Path) -> None:
    async with service(tmp_path, 404, {"detail": "Not found."}):
        refused = await command("seed")
    assert (refused.code, refused.out) == (1, "")
    assert "needs development mode and simulated companies" in refused.err
    async with service(tmp_path, 409, {"detail": "Something was there first."}):
        assert "Something was there first." in (await command("seed")).err


@pytest.mark.parametrize("words", [("seed",), ("demo",)])
@pytest.mark.parametrize("left_out", ["SECRET_KEY", "DATABASE_URL", ""])
async def test_where_a_service_may_be_in_earnest_nothing_is_tried_out(
    command: Command,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    left_out: str,
) -> None:
    for name in ("DEBUG", left_out):
        if name:
            monkeypatch.delenv(name)
    refused = await command(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "No service runs on" in refused.err
    assert await database.people._collection.count_documents({}) == 0
