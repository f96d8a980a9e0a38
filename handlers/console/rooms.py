"""/console/rooms: who is on the line now, and what can be done about it."""

from __future__ import annotations

from handlers.access import console
from handlers.console.base import ConsolePage


class RoomsPage(ConsolePage):
    here = "/console/rooms"

    @console
    async def get(self) -> None:
        self.show("rooms.html", rooms=[])
