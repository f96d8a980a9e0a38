"""Fixtures for tests in a real browser.

database_uri  a database of this module's own, with nobody in it yet
service_url   a service on it, in development mode
browser       Chromium without a window, the same for all
open_page     `open_page("/", width=1280, dark=False)`: a page in a context of its own; see Watched
axe           `axe(page)`: what axe finds wrong with it, which should be nothing
shot          `shot(page, "name")`: keep a picture of it in the folder that SCREENSHOTS names, if any

Playwright has an event loop of its own, which runs wherever it is used and must not do so beside those of other tests:
so it, and every test in this folder, has a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.databases import give_back, lend
from tests.processes import a_fork, running

THREAD = ThreadPoolExecutor(1, "browser")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000
AXE = "axe.run({resultTypes: ['violations']}).then((found) => found.violations)"
Result = TypeVar("Result")


def in_the_thread(act: Callable[[], Result]) -> Result:
    return THREAD.submit(act).result()


def in_a_loop(act: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Anything else that needs an event loop: it gets a thread of its own too."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(lambda: asyncio.run(act())).result()


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "there is no Chromium: install it (apt-get install chromium) to run the tests in a browser"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    THREAD.submit(pyfuncitem.obj, **given).result()
    return True


@pytest.fixture(scope="module")
def database_uri(chromium: str, mongo_uri: str) -> Iterator[str]:
    uri = in_a_loop(lambda: lend(mongo_uri))
    yield uri
    give_back(mongo_uri, uri)


@pytest.fixture(scope="module")
def service_url(database_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("service")
    environment = {
        "DATABASE_URL": database_uri,
        "SECRET_KEY": "a-secret-for-tests-only",
        "LIMIT_AUTH_PER_ADDRESS_MIN": "1000",
    }
    with running(a_fork, folder) as fork:
        yield fork("serve", **environment).ready()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    playwright = in_the_thread(sync_playwright().start)
    launch = partial(playwright.chromium.launch, executable_path=chromium, args=list(ARGUMENTS))
    browser = in_the_thread(launch)
    yield browser
    in_the_thread(browser.close)
    in_the_thread(playwright.stop)


class Watched:
    """What pages did that none may do: errors in the console, requests to anywhere but the service."""

    def __init__(self, service_url: str) -> None:
        self.problems: list[str] = []
        self._host = urlsplit(service_url).netloc

    def watch(self, page: Page) -> None:
        page.on(
            "console", lambda said: self._note(said.type in ("error", "warning"), f"console: {said.text}")
        )
        page.on("pageerror", lambda error: self._note(True, f"error: {error}"))
        page.on("request", lambda request: self._note(not self._is_ours(request.url), f"asked {request.url}"))
        page.on("websocket", lambda socket: self._note(not self._is_ours(socket.url), f"opened {socket.url}"))

    def _note(self, is_problem: bool, what: str) -> None:
        if is_problem:
            self.problems.append(what)

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc == self._host or parts.scheme in ("data", "blob", "about")


@pytest.fixture
def watched(service_url: str) -> Watched:
    return Watched(service_url)


@pytest.fixture
def open_page(browser: Browser, service_url: str, watched: Watched) -> Iterator[Callable[..., Page]]:
    """Opens a page; at the end of the test nothing may have been wrong with any."""
    contexts = []

    def open_page(path: str = "/", *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            base_url=service_url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watched.watch(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        in_the_thread(context.close)
    assert watched.problems == []


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    from axe_playwright_python.base import AXE_SCRIPT

    def axe(page: Page) -> list[str]:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(AXE_SCRIPT)
        found: list[dict[str, Any]] = page.evaluate(AXE)
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}"
            for each in found
        ]

    return axe


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    folder = os.environ.get("SCREENSHOTS")

    def shot(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return shot
