"""E-mails from templates: `templates/<name>.txt` (its first line `Subject: …`) and `templates/<name>.html`.

A template sees its facts and these filters: `written` and `clock_time` (a moment in the reader's zone),
`length` (minutes), `dollars` (US cents), `dial` (a number to read and dial). In HTML everything is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from thserver.domain.phone_numbers import shown
from thserver.wording import times

TEMPLATES = Path(__file__).parent / "templates"
SUBJECT = "Subject: "
LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(name: str, facts: Mapping[str, Any], *, zone: tzinfo = UTC) -> Rendered:
    """The letter for a reader in this zone. Raises LookupError for an unknown template, jinja2's UndefinedError
    when the template needs a fact that is not there."""
    if not exists(name):
        raise LookupError(f"there is no letter template {name}")
    seen = {**facts, "zone": zone}
    head, _, text = _environment.get_template(f"{name}.txt").render(seen).partition("\n")
    if not head.startswith(SUBJECT):
        raise LookupError(f"{name}.txt does not begin with {SUBJECT!r}")
    # A name with a line break in it must not become a header.
    subject = " ".join(head.removeprefix(SUBJECT).split())[:LONGEST_SUBJECT]
    html = _environment.get_template(f"{name}.html").render({**seen, "subject": subject})
    return Rendered(subject, text.strip() + "\n", html)


def exists(name: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and (TEMPLATES / f"{name}.txt").is_file()


def names() -> list[str]:
    """Every letter that there is a template for."""
    return sorted(path.stem for path in TEMPLATES.glob("*.txt") if exists(path.stem))


@pass_context
def _written(context: Context, moment: datetime) -> str:
    return times.written(moment, context["zone"])


@pass_context
def _clock_time(context: Context, moment: datetime) -> str:
    return times.clock_time(moment, context["zone"])


def dollars(cents: int) -> str:
    """`$12.50`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters |= {
    "written": _written,
    "clock_time": _clock_time,
    "length": times.length,
    "dollars": dollars,
    "dial": shown,
    "one_line": _one_line,
}
