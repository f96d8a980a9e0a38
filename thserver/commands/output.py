"""How commands speak: tables and progress on a terminal, plain lines in a pipe, JSON for scripts."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Advance = Callable[..., None]


def printable(text: str) -> str:
    """Other people's words must not drive this terminal, nor break a line of a list."""
    return "".join(character if character.isprintable() else " " for character in text)


def moment(at: datetime | None) -> str:
    """`2026-03-02 15:00 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at is not None else ""


def dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100}.{abs(cents) % 100:02}"


class Output:
    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._console = Console()
        self._errors = Console(stderr=True)

    @property
    def is_terminal(self) -> bool:
        return self._console.is_terminal

    def say(self, sentence: str) -> None:
        """A line for people; nothing where a script reads JSON."""
        if not self.as_json:
            print(printable(sentence), flush=True)

    def json(self, value: Any) -> None:
        """Only with --json."""
        if self.as_json:
            print(json.dumps(value, default=_plain, indent=2, ensure_ascii=False), flush=True)

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table on a terminal; in a pipe a line for each row, parted by tabs, after a line with the columns. Nothing
        where there are no rows."""
        if self.as_json:
            return
        shown = [[printable(str(cell)) for cell in row] for row in rows]
        if not shown:
            return
        if not self.is_terminal:
            for line in (columns, *shown):
                print("\t".join(line))
            return
        table = Table(box=SIMPLE_HEAD, show_header=any(columns), pad_edge=False)
        for column in columns:
            # The end of a number is what tells it from others: nothing is cut off.
            table.add_column(column, overflow="fold")
        for row in shown:
            # Text, not markup: a name may hold brackets.
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)

    def facts(self, facts: Mapping[str, object]) -> None:
        """One thing, a line for each of its facts."""
        self.rows(("", ""), facts.items()) if self.is_terminal else self._plain_facts(facts)

    @contextlib.contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """A bar on a terminal, nothing elsewhere. Call what is given with how much more is done, and what."""
        if self.as_json or not self._errors.is_terminal:
            yield lambda by=1, now="": None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._errors, transient=True) as bar:
            task = bar.add_task(what, total=total)

            def advance(by: int = 1, now: str = "") -> None:
                bar.update(task, advance=by, description=f"{what} {printable(now)}".strip())

            yield advance

    def _plain_facts(self, facts: Mapping[str, object]) -> None:
        if self.as_json:
            return
        for name, value in facts.items():
            print(f"{name}\t{printable(str(value))}")


def confirmed(question: str) -> bool:
    """Whether whoever sits at the terminal says yes; no where nobody does."""
    if not sys.stdin.isatty():
        return False
    # The event loop would only note Ctrl-C, and the question would go on waiting.
    noting = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(f"{printable(question)} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
    finally:
        signal.signal(signal.SIGINT, noting)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
