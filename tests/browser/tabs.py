"""Pages that are used again: to make one, and a process for what it shows, costs a browser more than most tests do."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser

PATIENCE_MS = 60_000
NOWHERE = "about:blank"
# Nor may what is still shown keep anything more.
FORGET = "Storage.prototype.setItem = () => {}, localStorage.clear(), sessionStorage.clear()"


class Tab:
    """A page with cookies and a store of its own, and what it did that none may do."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.problems: list[str] = []
        self._host = urlsplit(base_url).netloc
        context = browser.new_context(base_url=base_url, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.new_page()
        self._watch()

    def open(self, path: str, *, width: int, height: int, dark: bool) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        self.page.goto(path)

    def clear(self) -> list[str]:
        """As new; what was wrong until now."""
        if self.page.url != NOWHERE:
            self.page.evaluate(FORGET)
            self.page.goto(NOWHERE)
        self.page.context.clear_cookies()
        problems, self.problems = self.problems, []
        return problems

    def _watch(self) -> None:
        """Errors in the console, and requests to anywhere but the service."""
        on = self.page.on
        on("console", lambda said: self._note(said.type in ("error", "warning"), f"console: {said.text}"))
        on("pageerror", lambda error: self._note(True, f"error: {error}"))
        on("request", lambda request: self._note(not self._is_ours(request.url), f"asked {request.url}"))
        on("websocket", lambda socket: self._note(not self._is_ours(socket.url), f"opened {socket.url}"))

    def _note(self, is_problem: bool, what: str) -> None:
        if is_problem:
            self.problems.append(what)

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc == self._host or parts.scheme in ("data", "blob", "about")


class Tabs:
    """Those that no test has now."""

    def __init__(self, make: Callable[[], Tab]) -> None:
        self._make = make
        self._free: list[Tab] = []

    def take(self) -> Tab:
        return self._free.pop() if self._free else self._make()

    def give_back(self, taken: list[Tab]) -> list[str]:
        """What was wrong with any of them."""
        problems = [problem for tab in taken for problem in tab.clear()]
        self._free += reversed(taken)
        return problems
