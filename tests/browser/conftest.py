"""Fixtures for tests in a real browser.

database_uri  a database of this module's own, with nobody in it yet
service_url   a service on it, in development mode
browser       Chromium without a window, the same for all
open_page     `open_page("/", width=1280, dark=False)`: a page with cookies and a store of its own
axe           `axe(page)`: what axe finds wrong with it, which should be nothing
shot          `shot(page, "name")`: keep a picture of it in the folder that SCREENSHOTS names, if any

Playwright has an event loop of its own, which runs wherever it is used and must not do so beside those of other tests:
so it, and every test in this folder, has a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import socket
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.tabs import PATIENCE_MS, Tab, Tabs
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
# Below those that the kernel takes for connections.
PORTS = range(20_000, 30_000)
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


@pytest.fixture(scope="session")
def port() -> int:
    """Where each module's service listens in its turn. None that the kernel gives to others meanwhile."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def database_uri(chromium: str, mongo_uri: str) -> Iterator[str]:
    uri = in_a_loop(lambda: lend(mongo_uri))
    yield uri
    give_back(mongo_uri, uri)


@pytest.fixture(scope="module")
def service_url(database_uri: str, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("service")
    environment = {
        "DATABASE_URL": database_uri,
        "SECRET_KEY": "a-secret-for-tests-only",
        "LIMIT_AUTH_PER_ADDRESS_MIN": "1000",
    }
    with running(a_fork, folder) as fork:
        address = fork("serve", PORT=str(port), **environment).ready()
        assert address == f"http://127.0.0.1:{port}"
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    playwright = in_the_thread(sync_playwright().start)
    launch = partial(playwright.chromium.launch, executable_path=chromium, args=list(ARGUMENTS))
    browser = in_the_thread(launch)
    yield browser
    in_the_thread(browser.close)
    in_the_thread(playwright.stop)


@pytest.fixture(scope="session")
def tabs(browser: Browser, port: int) -> Tabs:
    return Tabs(lambda: Tab(browser, f"http://127.0.0.1:{port}"))


@pytest.fixture
def open_page(tabs: Tabs, service_url: str) -> Iterator[Callable[..., Page]]:
    """Opens a page; at the end of the test nothing may have been wrong with any."""
    taken: list[Tab] = []

    def open_page(path: str = "/", *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        tab = tabs.take()
        taken.append(tab)
        tab.open(path, width=width, height=height, dark=dark)
        return tab.page

    yield open_page
    assert in_the_thread(lambda: tabs.give_back(taken)) == []


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
