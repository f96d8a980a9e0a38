"""The base of our own payment routes: they stand beside contract heroes and speak its dialect."""

from __future__ import annotations

from handlers.base import Handler
from handlers.heroes.dialect import DIALECT


class PaymentsHandler(Handler):
    dialect = DIALECT
