"""Who may call a handler's method. The application refuses to start while one does not say so.

`@anyone`, `@signed_in` and `@staff` mark a method and check its caller before it runs; `@console` is for staff in a
browser; `@signed_by_carrier` and `@signed_by_card_company` mark what other companies post to us and call the handler's
own check.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPHeaders

from thserver.domain.errors import BadToken, NotAllowed, NotSignedIn, Unavailable

if TYPE_CHECKING:
    from handlers.base import Handler

DEADLINE_S = 4.0
METHODS = ("get", "post", "put", "patch", "delete")

Method = Callable[..., Coroutine[Any, Any, None]]


def token_in(headers: HTTPHeaders) -> str | None:
    """The token, in whichever contract's header it comes: bare, `Token …`, `Bearer …` or X-Access-Token."""
    given = headers.get("Authorization", "").strip()
    if given:
        scheme, _, rest = given.partition(" ")
        return rest.strip() if scheme.lower() in ("token", "bearer") else given
    return headers.get("X-Access-Token", "").strip() or None


async def _let_in_anyone(handler: Handler) -> None:
    """A token is looked at when there is one, and a bad one is nobody's."""
    handler.token = token_in(handler.request.headers)
    if handler.token is not None:
        try:
            handler.person = await handler.services.sign_in.who(handler.token)
        except BadToken:
            handler.person = None


async def _let_in_signed_in(handler: Handler) -> None:
    handler.token = token_in(handler.request.headers)
    if handler.token is None:
        raise NotSignedIn
    handler.person = await handler.services.sign_in.who(handler.token)


async def _let_in_staff(handler: Handler) -> None:
    await _let_in_signed_in(handler)
    if not handler.me.is_staff:
        raise NotAllowed


async def _let_in_signed(handler: Handler) -> None:
    await handler.check_signature()


async def _let_in_console(handler: Handler) -> None:
    await handler.check_console()


async def _ask_nothing(handler: Handler) -> None:
    """Whoever knows the address may have it."""


def _mark(
    access: str,
    let_in: Callable[[Any], Coroutine[Any, Any, None]],
    *,
    deadline_s: float | None = DEADLINE_S,
) -> Callable[[Method], Method]:
    def mark(method: Method) -> Method:
        @functools.wraps(method)
        async def checked(self: Any, *args: Any, **kwargs: Any) -> None:
            try:
                async with asyncio.timeout(deadline_s):
                    await let_in(self)
                    await self.admitted()
                    await method(self, *args, **kwargs)
            except TimeoutError as error:
                raise Unavailable from error

        lasting(access)(checked)
        return checked

    return mark


def lasting(access: str) -> Callable[[Method], Method]:
    """Only the mark, for a method that lets in by itself and lasts as long as its socket is open: no deadline."""

    def mark(method: Method) -> Method:
        marked: Any = method
        marked.access = access
        return method

    return mark


anyone = _mark("anyone", _let_in_anyone)
# For what is sent as slowly as its reader reads.
anyone_slowly = _mark("anyone", _ask_nothing, deadline_s=None)
signed_in = _mark("signed_in", _let_in_signed_in)
staff = _mark("staff", _let_in_staff)
# The console's own sign-in, by cookie.
console = _mark("console", _let_in_console)
signed_by_carrier = _mark("signed_by_carrier", _let_in_signed)
signed_by_card_company = _mark("signed_by_card_company", _let_in_signed)


def served_methods(handler_class: type) -> list[str]:
    """The HTTP methods that this class serves by itself, in small letters; HEAD and OPTIONS go without saying."""
    return [
        name
        for name in METHODS
        if getattr(handler_class, name).__qualname__ != f"RequestHandler.{name}"
        and "_unimplemented_method" not in getattr(handler_class, name).__qualname__
    ]


def unmarked_methods(handler_class: type) -> list[str]:
    """Those that it serves without saying who may call them."""
    return [
        name for name in served_methods(handler_class) if not hasattr(getattr(handler_class, name), "access")
    ]
