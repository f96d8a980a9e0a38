"""The base of the console's handlers: pages rendered from templates, and JSON for the modules of the pages.

The console is for staff, signed in by a cookie of its own; under DEBUG with the simulated phone company whoever sits
at this machine may use it. Nothing is loaded from elsewhere, and no page of another site may change anything here.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from handlers.base import Handler
from handlers.console import pages
from handlers.console.dialect import DIALECT
from handlers.console.this_machine import comes_from_here
from handlers.web_socket import origin_of
from thserver.domain.errors import BadToken, NotAllowed, NotSignedIn
from thserver.domain.staff_actions import Actor

SIGN_IN = "/console/sign-in"
HOME = "/console/rooms"
READING = ("GET", "HEAD", "OPTIONS")
AT_THIS_MACHINE = Actor(None, "Somebody at this machine")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Vary": "Cookie",
}


class ConsoleHandler(Handler):
    """Who uses it is `actor`, once the access mark has let him in."""

    dialect = DIALECT
    _actor: Actor | None = None

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # No page of another site reads anything here.
        self.clear_header("Access-Control-Allow-Origin")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def options(self, *args: str, **kwargs: str) -> None:
        self.set_status(204)

    def prepare(self) -> None:
        super().prepare()
        if self.request.method not in READING and not self.is_ours():
            raise NotAllowed

    def is_ours(self) -> bool:
        """Whether one of our own pages sent this. Every browser says so with what changes something; what says
        nothing is no browser with our cookie, and is not let in either."""
        headers = self.request.headers
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site is not None and site != "same-origin":
            return False
        if origin is None:
            return site is not None
        here = f"{self.request.protocol}://{self.request.host}"
        return origin_of(origin) in (origin_of(here), origin_of(self.application.settings["base_url"]))

    @property
    def actor(self) -> Actor:
        assert self._actor is not None
        return self._actor

    @property
    def needs_no_sign_in(self) -> bool:
        """Whether whoever sits at this machine may use the console without signing in."""
        settings = self.application.settings
        practice = self.services.practice
        return bool(
            settings.get("debug_mode")
            and practice is not None
            and practice.carrier is not None
            and comes_from_here(self.request, public_url=settings["public_url"])
        )

    @property
    def cookie_name(self) -> str:
        """The prefix makes browsers refuse this cookie from anywhere but this very host over https."""
        return "__Host-console" if self.is_secure else "console"

    @property
    def is_secure(self) -> bool:
        return str(self.application.settings["base_url"]).startswith("https:")

    @property
    def zone(self) -> tzinfo:
        return self.person.zone if self.person is not None else ZoneInfo("UTC")

    async def check_console(self) -> None:
        """Raises NotSignedIn."""
        token = self.get_cookie(self.cookie_name)
        if token:
            try:
                person = await self.services.sign_in.who(token, console=True)
            except BadToken:
                person = None
            if person is not None and person.is_staff and person.is_active:
                self.token, self.person = token, person
                self._actor = Actor(person.id, person.full_name)
                return
        if not self.needs_no_sign_in:
            raise NotSignedIn
        self._actor = AT_THIS_MACHINE


class ConsoleApi(ConsoleHandler):
    """JSON for the pages' modules: `self.reply({...})`."""


class ConsolePage(ConsoleHandler):
    """A page: `self.show("rooms.html", rooms=…)`. Whoever is not signed in is sent to sign in, and comes back."""

    # Which entry of the navigation this is.
    here: ClassVar[str] = ""

    def show(self, template: str, *, status: int = 200, **facts: Any) -> None:
        """Answer with a page; what every template sees besides its facts is said in `pages`."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(
            pages.render(
                template,
                {
                    "actor": self._actor,
                    "is_signed_in": self.person is not None,
                    "here": self.here or self.request.path,
                    "practising": self.needs_no_sign_in,
                    "now": self.services.clock.now(),
                    **facts,
                },
                zone=self.zone,
            )
        )

    @property
    def wants_json(self) -> bool:
        """Whether a script of the page asks, and not a form."""
        return "application/json" in self.request.headers.get("Accept", "")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, NotSignedIn) and not self.wants_json:
            back = self.request.uri if self.request.method in READING else HOME
            self.redirect(f"{SIGN_IN}?next={quote(back or HOME)}", status=303)
            return
        super().write_error(status_code, **kwargs)

    def reply(self, body: Any = None, *, status: int = 200) -> None:
        """What the dialect says of a refusal, as a page."""
        if self.wants_json:
            super().reply(body, status=status)
            return
        sentence = body.get("detail", "") if isinstance(body, dict) else ""
        self.show("_problem.html", status=status, sentence=sentence or "The request could not be done.")


def safe_return(path: str | None) -> str:
    """Where to go after signing in: only ever to a page of ours."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path:
        return HOME
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc and path.isprintable() else HOME
