"""Every URL of the console on one page."""

from __future__ import annotations

from handlers.access import anyone
from handlers.base import Handler, unknown_path
from handlers.console.actions import ActionsPage
from handlers.console.assets_folder import Asset
from handlers.console.base import HOME, ConsoleHandler, ConsolePage
from handlers.console.dialect import DIALECT
from handlers.console.practice import ROUTES as PRACTICE
from handlers.console.rooms import RoomsPage
from handlers.console.sign_in import SignInPage, SignOut


class ToHome(ConsoleHandler):
    @anyone
    async def get(self) -> None:
        self.redirect(HOME, status=303)


class UnknownPage(ConsolePage, unknown_path(DIALECT)):  # type: ignore[misc]
    """The 404 of the console, as a page."""


ROUTES: list[tuple[str, type[Handler]]] = [
    *PRACTICE,
    (r"/console/?", ToHome),
    (r"/console/assets/([a-z0-9_-]+\.[a-z0-9]+)", Asset),
    (r"/console/sign-in/?", SignInPage),
    (r"/console/sign-out/?", SignOut),
    (r"/console/rooms/?", RoomsPage),
    (r"/console/actions/?", ActionsPage),
    (r"/console/.*", UnknownPage),
]
