"""The URL table and the dialects: nothing unguarded, nothing without a word."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import handlers
from handlers.access import unmarked_methods
from handlers.base import Handler
from handlers.dialect import Dialect
from handlers.url_table import URL_TABLE
from thserver.domain.bookings import State
from thserver.domain.errors import Refusal


def every_refusal() -> list[type[Refusal]]:
    for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
        importlib.import_module(module.name)
    found: list[type[Refusal]] = []
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting.extend(one.__subclasses__())
    return found


def dialects() -> list[Dialect]:
    every_refusal()
    return [dialect() for dialect in Dialect.__subclasses__()]


def test_every_method_of_every_url_says_who_may_call_it() -> None:
    for _, handler in URL_TABLE:
        assert unmarked_methods(handler) == [], handler


def test_a_method_that_says_nothing_is_found() -> None:
    class Forgetful(Handler):
        async def get(self) -> None:
            self.reply({})

    assert unmarked_methods(Forgetful) == ["get"]


@pytest.mark.parametrize("dialect", dialects(), ids=lambda each: each.name)
def test_every_refusal_has_a_word_in_every_dialect(dialect: Dialect) -> None:
    for refusal in every_refusal():
        if not refusal.__module__.startswith("tests"):
            assert any(base in dialect.words for base in refusal.__mro__), refusal


def test_every_state_of_a_booking_has_a_letter_in_heroes() -> None:
    from handlers.heroes.dialect import STATUS_LETTERS

    assert set(STATUS_LETTERS) == set(State)
