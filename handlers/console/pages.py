"""Pages from templates (`templates/*.html`, each extends `_layout.html`), with everything escaped.

A template sees its facts and `actor` (None before sign-in), `is_signed_in`, `here` (the path of its entry in the
navigation), `practising`, `now`, and these filters: `when` (a moment as a `<time>` in the reader's zone), `clock`
(only its time of day), `ago` (how long before now), `length` (minutes), `dollars` (US cents), `masked` (a number).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from thserver.domain.phone_numbers import masked, shown
from thserver.wording import times
from thserver.wording.letters import dollars

TEMPLATES = Path(__file__).parent / "templates"

# Path and name; the practice phones are there only where the phone company is simulated.
NAVIGATION = (
    ("/", "Practice phones"),
    ("/console/rooms", "Live rooms"),
    ("/console/calls", "Calls"),
    ("/console/outbox", "Outbox"),
    ("/console/sweeps", "Sweeps"),
    ("/console/money", "Money"),
    ("/console/webhooks", "Webhooks"),
    ("/console/actions", "Actions"),
)


def render(template: str, facts: Mapping[str, Any], *, zone: tzinfo = UTC) -> str:
    """Raises jinja2's UndefinedError when the template needs a fact that is not there."""
    entries = [entry for entry in NAVIGATION if entry[0] != "/" or facts.get("practising")]
    return _environment.get_template(template).render({"navigation": entries, "zone": zone, **facts})


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def length_of(span: timedelta) -> str:
    """`42 s`, `5 min`, `1 h 5 min`, `3 d 4 h`: short enough for a table."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


@pass_context
def _when(context: Context, moment: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(iso(moment), times.short(moment, context["zone"]))


@pass_context
def _clock(context: Context, moment: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(
        iso(moment), times.clock_time(moment, context["zone"])
    )


@pass_context
def _ago(context: Context, moment: datetime) -> Markup:
    return Markup('<time datetime="{}" data-ago>{}</time>').format(
        iso(moment), length_of(context["now"] - moment)
    )


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.loopcontrols"],
)
_environment.filters |= {
    "when": _when,
    "clock": _clock,
    "ago": _ago,
    "iso": iso,
    "span": length_of,
    "length": times.length,
    "dollars": dollars,
    "masked": masked,
    "dial": shown,
}
