"""/console/actions: what staff did by hand, the newest first."""

from __future__ import annotations

from handlers.access import console
from handlers.console.base import ConsolePage
from handlers.fields import Body, WholeNumber


class ActionsQuery(Body):
    before = WholeNumber(least=1, load_default=None)


class ActionsPage(ConsolePage):
    here = "/console/actions"

    @console
    async def get(self) -> None:
        given = self.read_query(ActionsQuery())
        page = await self.services.staff_actions.page(**given)
        self.show("actions.html", page=page, newest=given["before"] is None)
