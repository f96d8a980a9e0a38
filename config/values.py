"""What the text of one setting means, by the type of its default and its `check`; SettingsError says what is wrong in a
sentence that names the variable and never shows a secret."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one sentence that names the variable."""


def parse(name: str, text: str, knob: dataclasses.Field[Any]) -> Any:
    default, check = knob.default, knob.metadata["check"]
    if isinstance(default, bool):
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise SettingsError(f"{name} must be True or False, not {_shown(text, knob)}.")
    if isinstance(default, int):
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise SettingsError(f"{name} must be a whole number, not {_shown(text, knob)}.")
        return _in_range(name, int(text), check)
    if isinstance(default, float):
        # 100,000 hours are eleven years.
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,6})?", text):
            raise SettingsError(f"{name} must be a number like 24 or 0.5, not {_shown(text, knob)}.")
        return float(text)
    if isinstance(default, tuple):
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        if check == "countries" and not all(re.fullmatch(r"[A-Z]{2}", part) for part in parts):
            raise SettingsError(f"{name} must be ISO country codes like US,CA, not {_shown(text, knob)}.")
        if check == "addresses" and not all(_is_address(part) for part in parts):
            raise SettingsError(f"{name} must be IP addresses like 10.0.0.2, not {_shown(text, knob)}.")
        if check == "origins" and not all(_is_origin(part) for part in parts):
            raise SettingsError(
                f"{name} must be origins like https://app.example.com, not {_shown(text, knob)}."
            )
        return parts
    if isinstance(default, Path):
        return Path(text).expanduser()
    return _checked_text(name, text, check, knob)


def _in_range(name: str, number: int, check: str) -> int:
    low, high = {
        "port": (0, 65535),
        "positive": (1, 10**9),
        "natural": (0, 10**9),
        "percent": (0, 100),
        "days_kept": (0, 36500),
    }[check]
    if check == "days_kept" and 0 < number < 30:
        raise SettingsError(f"{name} must be 0, or at least 30, so that repeats are known, not {number}.")
    if not low <= number <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {number}.")
    return number


def _checked_text(name: str, text: str, check: str, knob: dataclasses.Field[Any]) -> str:
    if check == "url":
        if not _is_url(text, "http", "https"):
            raise SettingsError(
                f"{name} must be a URL like https://api.example.com, not {_shown(text, knob)}."
            )
    elif check == "smtp":
        if not _is_url(text, "smtp", "smtps"):
            raise SettingsError(f"{name} must be a URL like smtp://user:password@mail.example.com:587.")
    elif check == "phone":
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
            raise SettingsError(f"{name} must be a number like +12025550100, not {_shown(text, knob)}.")
    elif check == "AC":
        if not re.fullmatch(r"AC[0-9A-Za-z]{2,64}", text):
            raise SettingsError(f"{name} must be the account SID that Twilio shows, which begins with AC.")
    elif check == "host":
        if not _is_host(text):
            raise SettingsError(
                f"{name} must be a host name like {knob.default}, without scheme, port or path, "
                f"not {_shown(text, knob)}."
            )
    elif check == "mongo" and not re.fullmatch(r"mongodb(\+srv)?://[^/]+/[^?/]+(\?.*)?", text):
        raise SettingsError(f"{name} must be a mongodb:// URI with a database name at its end.")
    return text


def _is_url(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in schemes
            and bool(parts.hostname)
            and not (parts.query or parts.fragment)
            and parts.port != 0
        )
    except ValueError:  # an impossible port or a bracket too few
        return False


def _is_host(text: str) -> bool:
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return len(text) <= 253 and re.fullmatch(rf"{label}(\.{label})*", text) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    return _is_url(text, "http", "https") and urlsplit(text).path in ("", "/")


def _shown(text: str, knob: dataclasses.Field[Any]) -> str:
    return "what it is" if knob.metadata["secret"] else repr(text[:80])
