"""How the service logs: one line a record, times in UTC, no secret in any line."""

from __future__ import annotations

import dataclasses
import logging
import re
import sys
import time
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from config.settings import Settings

SLOW_SECONDS = 1.0

# Set for as long as a request is being answered; every line logged meanwhile carries it.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

_access = logging.getLogger("thserver.access")
_CHATTY = ("apscheduler", "asyncio", "httpcore", "httpx", "motor", "pymongo", "stripe", "tornado", "twilio")
_SECRET_PATHS = re.compile(r"(?i)^(/+calendar/+(?!feed/?$)|/+phone/+announcements/+[0-9]+/+).+", re.DOTALL)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Send everything to standard error: DEBUG lines of ours in development, INFO else, only trouble if quiet."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(_secrets(settings)))
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING if quiet else logging.DEBUG if settings.debug else logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_request(handler: Any) -> None:
    """Tornado's `log_function`: one line for an answered request, without its query (tokens may be in it)."""
    status = handler.get_status()
    seconds = handler.request.request_time()
    if status >= 500:
        level = logging.ERROR
    elif seconds > SLOW_SECONDS:
        level = logging.WARNING
    else:
        level = logging.DEBUG
    if _access.isEnabledFor(level):
        request = handler.request
        _access.log(
            level, "%s %s %s from %s in %.0f ms", status, request.method, shown_path(request.path),
            request.remote_ip, 1000 * seconds,
        )  # fmt: skip


def shown_path(path: str) -> str:
    """A request's path as it may be logged: who has the address of a calendar feed may read it, and that of an
    announcement says that it is ours."""
    return _SECRET_PATHS.sub(r"\1…", path)


class _OneLine(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, secrets: list[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request)s] %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        record.request = getattr(record, "request_id", None) or request_id.get()
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "…")
        # What came from outside cannot start a line of its own or drive a terminal.
        return _CONTROL_CHARACTERS.sub("�", line.rstrip("\n").replace("\n", " | "))


def _secrets(settings: Settings) -> list[str]:
    """Every secret value of the settings that is long enough to be one, longest first."""
    found: set[str] = set()
    for knob in dataclasses.fields(settings):
        if knob.metadata.get("secret"):
            value = getattr(settings, knob.name)
            found.update([value] if isinstance(value, str) else value)
    for url in (settings.database_url, settings.smtp_url):
        found.add(urlsplit(url).password or "")
    return sorted((text for text in found if len(text) >= 6), key=len, reverse=True)
