"""Every URL of the console on one page."""

from __future__ import annotations

from handlers.access import anyone
from handlers.base import Handler, UnknownPath
from handlers.console.actions import ActionsPage
from handlers.console.assets_folder import Asset
from handlers.console.base import HOME, ConsoleHandler, ConsolePage
from handlers.console.calls import CallPageOne, CallsPage, RefundCharge
from handlers.console.live import LiveSocket
from handlers.console.money import CountAgain, MoneyPage, PayNow
from handlers.console.outbox import OutboxPage, SendAgain
from handlers.console.practice import ROUTES as PRACTICE
from handlers.console.rooms import ROUTES as ROOMS
from handlers.console.sign_in import SignInPage, SignOut
from handlers.console.sweeps import RunNow, SweepsPage
from handlers.console.webhooks import ROUTES as WEBHOOKS


class ToHome(ConsoleHandler):
    @anyone
    async def get(self) -> None:
        self.redirect(HOME, status=303)


class UnknownPage(ConsolePage, UnknownPath):
    """The 404 of the console, as a page."""


ROUTES: list[tuple[str, type[Handler]]] = [
    *PRACTICE,
    (r"/console/?", ToHome),
    (r"/console/assets/([a-z0-9_-]+\.[a-z0-9]+)", Asset),
    (r"/console/sign-in/?", SignInPage),
    (r"/console/sign-out/?", SignOut),
    (r"/console/live/?", LiveSocket),
    *ROOMS,
    (r"/console/calls/?", CallsPage),
    (r"/console/calls/([0-9]{1,15})/?", CallPageOne),
    (r"/console/calls/([0-9]{1,15})/refund/?", RefundCharge),
    (r"/console/outbox/?", OutboxPage),
    (r"/console/outbox/again/?", SendAgain),
    (r"/console/sweeps/?", SweepsPage),
    (r"/console/sweeps/run/?", RunNow),
    (r"/console/money/?", MoneyPage),
    (r"/console/money/count/?", CountAgain),
    (r"/console/money/pay/?", PayNow),
    (r"/console/actions/?", ActionsPage),
    *WEBHOOKS,
    (r"/console/.*", UnknownPage),
]
