"""The practice phone as one uses it: `thserver call` against a service that follows a script."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from store.data_folder import amend_record
from tests.fork_server import ForkedProcess, start_forked
from thserver.commands.call import portions


class Line(WebSocketHandler):
    """Plays a script: a dict is sent to the phone; "digits" and "hangup" wait for the phone to say so."""

    script: list[Any]
    heard: list[dict[str, Any]]
    caller = ""

    def open(self, *args: str, **kwargs: str) -> None:
        type(self).caller = self.get_query_argument("from", strip=False)
        self.rest = list(self.script)
        self.play()

    def play(self) -> None:
        while self.rest and isinstance(self.rest[0], dict):
            self.write_message(json.dumps(self.rest.pop(0)))
        if not self.rest:
            self.close()

    def on_message(self, message: str | bytes) -> None:
        said = json.loads(message)
        self.heard.append(said)
        if self.rest and self.rest[0] in said:
            self.rest.pop(0)
            self.play()


SAID = {"event": "said", "text": "Hello Ann."}
GATHER = {"event": "gather"}
HUNG_UP = {"event": "hung_up", "reason": "completed"}


@contextlib.asynccontextmanager
async def service(folder: Path, *script: Any) -> AsyncIterator[type[Line]]:
    """A service on this data folder, whose practice phone follows the script."""
    line = type("Line", (Line,), {"script": list(script), "heard": []})
    server = HTTPServer(Application([("/practice/phone", line)]))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    (folder / "data").mkdir()
    amend_record(folder / "data", address=f"http://127.0.0.1:{sockets[0].getsockname()[1]}")
    yield line
    server.stop()
    await server.close_all_connections()


async def start(folder: Path, *words: str) -> ForkedProcess:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data")}
    with (folder / "stderr").open("wb") as stderr:
        return await start_forked("call", *words, folder=folder, env=env, stderr=stderr.fileno())


async def ended(folder: Path, process: ForkedProcess) -> tuple[int | None, list[str], str]:
    """Exit code, lines printed, standard error."""
    printed, _ = await process.communicate()
    return process.returncode, printed.decode().splitlines(), (folder / "stderr").read_text("utf-8")


async def call(folder: Path, *words: str) -> tuple[int | None, list[str], str]:
    return await ended(folder, await start(folder, *words))


async def test_what_is_said_is_printed_line_by_line_until_it_hangs_up(tmp_path: Path) -> None:
    room = ({"event": "joined", "room": "tom-brady"}, {"event": "left"})
    async with service(tmp_path, SAID, *room, HUNG_UP) as line:
        code, printed, errors = await call(tmp_path, "--from", "+13125550123")
    assert (code, errors) == (0, "")
    assert line.caller == "+13125550123"
    assert printed[1:] == [
        "Hello Ann.",
        "(in the room tom-brady)",
        "(out of the room)",
        "(hung up: completed)",
    ]


async def test_digits_are_typed_only_when_asked_for(tmp_path: Path) -> None:
    async with service(tmp_path, GATHER, "digits", SAID, GATHER, "digits", HUNG_UP) as line:
        code, printed, _ = await call(tmp_path, "--from", "+13125550123", "--digits", "123456#2")
    assert code == 0
    assert line.heard == [{"digits": "123456#"}, {"digits": "2"}]
    assert printed[1:] == ["(typing 123456#)", "Hello Ann.", "(typing 2)", "(hung up: completed)"]


async def test_without_a_number_the_caller_is_hidden(tmp_path: Path) -> None:
    async with service(tmp_path, SAID, HUNG_UP) as line:
        _, printed, _ = await call(tmp_path)
    assert line.caller == ""
    assert "a hidden number" in printed[0]


async def test_ctrl_c_hangs_up(tmp_path: Path) -> None:
    async with service(tmp_path, SAID, "hangup", HUNG_UP) as line:
        process = await start(tmp_path, "--from", "+13125550123")
        while b"Hello Ann." not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        code, printed, errors = await ended(tmp_path, process)
    assert line.heard == [{"hangup": True}]
    assert (code, errors) == (0, "")
    assert any("hung up" in each for each in printed)


async def test_a_line_that_goes_dead_ends_the_call(tmp_path: Path) -> None:
    async with service(tmp_path, SAID):
        code, printed, _ = await call(tmp_path)
    assert code == 0
    assert printed[-1] == "(the line went dead)"


async def test_words_of_others_cannot_drive_the_terminal(tmp_path: Path) -> None:
    async with service(tmp_path, {"event": "said", "text": "Hello \x1b[2J\nAnn"}, HUNG_UP):
        _, printed, _ = await call(tmp_path)
    assert printed[1] == "Hello  [2J Ann"


async def test_a_service_without_practice_phone_is_one_sentence(tmp_path: Path) -> None:
    async with service(tmp_path) as line:
        line.prepare = lambda self: self.send_error(404)  # type: ignore[method-assign]
        code, _, errors = await call(tmp_path)
    assert code == 1
    assert "no practice phone (404)" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("words", [("--from", "555"), ("--digits", "12a")])
async def test_what_no_phone_can_dial_is_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    code, _, errors = await call(tmp_path, *words)
    assert code == 2
    assert words[0] in errors


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("", []), ("1", ["1"]), ("123456#", ["123456#"]), ("123456#2", ["123456#", "2"]), ("#", ["#"])],
)
def test_a_portion_of_digits_ends_with_a_hash(digits: str, expected: list[str]) -> None:
    assert portions(digits) == expected
