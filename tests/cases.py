"""`each_case`: many cases of one test that share what its fixtures have made."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pytest import Subtests  # noqa: PT013 (that is where it is)

LONGEST_NAME = 120
Cases = list[tuple[str, dict[str, Any]]]


def each_case(
    names: str | tuple[str, ...], cases: Iterable[Any]
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[None]]]:
    """As pytest.mark.parametrize, for cases that leave nothing behind that another could stumble over: people and
    servers are made once for all of them. Every case that fails is named, and the others are tried all the same."""
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [_row(case, columns) for case in cases]
    assert rows, "no case at all"

    def decorate(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        # One above another: every case of the one with every case of the other.
        earlier: Cases = getattr(test, "cases", [("", {})])
        test = getattr(test, "of_one_case", test)
        together = [
            (f"{first}-{name}".strip("-"), {**given, **row}) for first, given in earlier for name, row in rows
        ]

        @functools.wraps(test)
        async def of_each(subtests: Subtests, **fixtures: Any) -> None:
            for name, row in together:
                with subtests.test(name):
                    await test(**fixtures, **row)

        asked = inspect.signature(test)
        kept = [each for name, each in asked.parameters.items() if name not in together[0][1]]
        more = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        of_each.__signature__ = asked.replace(parameters=[more, *kept])  # type: ignore[attr-defined]
        of_each.cases, of_each.of_one_case = together, test  # type: ignore[attr-defined]
        return of_each

    return decorate


def _row(case: Any, columns: list[str]) -> tuple[str, dict[str, Any]]:
    """What the case is called, and its values."""
    name = getattr(case, "id", None)
    values = case.values if hasattr(case, "marks") else case if len(columns) > 1 else (case,)
    return str(name or "-".join(repr(value) for value in values))[:LONGEST_NAME], dict(
        zip(columns, values, strict=True)
    )
