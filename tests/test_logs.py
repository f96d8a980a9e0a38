"""The log: one line a record in UTC, no secret and no query in any of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import load
from thserver import logs


@pytest.fixture(autouse=True)
def _the_root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(**values: str) -> None:
    logs.configure(load({"DEBUG": "True", "SECRET_KEY": "a-secret-key-of-tests", **values}, dotenv=None))


def answered(status: int, seconds: float = 0.01) -> Any:
    request = SimpleNamespace(
        method="GET",
        path="/api/v1/accounts/verify",
        uri="/api/v1/accounts/verify?token=hush",
        remote_ip="127.0.0.1",
        request_time=lambda: seconds,
    )
    return SimpleNamespace(get_status=lambda: status, request=request)


def test_a_record_is_one_line_with_utc_time_level_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    token = logs.request_id.set("abc123")
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logging.getLogger("thserver.test").exception("it failed\x1b[31m\r\nforged")
    finally:
        logs.request_id.reset(token)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert "\r" not in said
    assert "ERROR thserver.test [abc123] it failed" in said
    assert "ValueError" in said
    assert said.split()[0].endswith("Z")


def test_secrets_of_the_settings_never_show(capsys: pytest.CaptureFixture[str]) -> None:
    configured(
        TWILIO_ACCOUNT_ID="AC123",
        TWILIO_API_TOKEN="token-one,token-two",
        DATABASE_URL="mongodb://me:pass-word@localhost/thserver",
    )
    log = logging.getLogger("thserver.test")
    log.warning(
        "a-secret-key-of-tests token-one token-two mongodb://me:pass-word@localhost/thserver pass-word"
    )
    said = capsys.readouterr().err
    for secret in ("a-secret-key", "token-one", "token-two", "pass-word"):
        assert secret not in said


@pytest.mark.parametrize(
    ("status", "seconds", "level"),
    [(200, 0.1, "DEBUG"), (404, 0.1, "DEBUG"), (200, 1.5, "WARNING"), (503, 0.1, "ERROR")],
)
def test_an_answer_is_logged_by_its_status_and_slowness_without_its_query(
    status: int, seconds: float, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configured()
    logs.log_request(answered(status, seconds))
    said = capsys.readouterr().err
    assert f"{level} thserver.access" in said
    assert f"{status} GET /api/v1/accounts/verify from 127.0.0.1" in said
    assert "hush" not in said


def test_outside_development_ordinary_answers_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configured(DEBUG="False")
    logs.log_request(answered(200))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/calendar/0123abcd.ics", "/calendar/…"),
        ("/calendar/feed/", "/calendar/feed/"),
        ("/phone/announcements/15/0ae06182bc51", "/phone/announcements/15/…"),
        ("//phone//announcements/15/0ae06182bc51", "//phone//announcements/15/…"),
        ("/phone/voice", "/phone/voice"),
    ],
)
def test_what_only_its_addressee_may_know_is_left_out_of_a_path(path: str, shown: str) -> None:
    assert logs.shown_path(path) == shown


def test_a_quiet_command_shows_trouble_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load({"DEBUG": "True"}, dotenv=None), quiet=True)
    log = logging.getLogger("thserver.test")
    log.info("nothing special")
    log.warning("trouble")
    said = capsys.readouterr().err
    assert "nothing special" not in said
    assert "trouble" in said
