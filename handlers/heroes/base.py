"""The base of this contract's handlers."""

from __future__ import annotations

from handlers.base import Handler
from handlers.heroes.dialect import DIALECT


class HeroesHandler(Handler):
    dialect = DIALECT
