"""The URLs that the phone company posts to."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.phone import texts
from handlers.phone.dialect import DIALECT

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/phone/text/?", texts.TextReceived),
    (r"/phone/texts/([0-9a-f]{32})/status/?", texts.TextProgressed),
    (r"/phone(?:/.*)?", unknown_path(DIALECT)),
]
