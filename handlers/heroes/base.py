"""The base of this contract's handlers."""

from __future__ import annotations

from handlers.base import Handler
from handlers.heroes.dialect import DIALECT


class HeroesHandler(Handler):
    dialect = DIALECT

    def reply_empty(self) -> None:
        """The document's 200 with `Response: None`."""
        self.set_status(200)
        self.finish()
