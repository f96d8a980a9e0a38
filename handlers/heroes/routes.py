"""The paths of contract heroes."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.heroes import accounts
from handlers.heroes.dialect import DIALECT

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/api/v1/accounts/profile/?", accounts.Profile),
    (r"/api/v1/(?:accounts|heroes|call-requests|conferences|payments)(?:/.*)?", unknown_path(DIALECT)),
]
