"""Fixtures for tests in a real browser.

service_url   a service of this module's own, in development mode, with nobody in it yet
browser       Chromium without a window
open_page     `open_page("/", width=1280, dark=False)`: a page in a context of its own; see Watched
axe           `axe(page)`: what axe finds wrong with it, which should be nothing
shot          `shot(page, "name")`: keep a picture of it in the folder that SCREENSHOTS names, if any

Everything is set up for each module anew: Playwright's own event loop must not run beside those of other tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

COMMAND = str(Path(sys.executable).with_name("thserver"))
START_S = 60
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


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "there is no Chromium: install it (apt-get install chromium) to run the tests in a browser"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def service_url(
    chromium: str, mongo_uri: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("service")
    name = f"browser_{request.module.__name__.rpartition('.')[2]}"[:60]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [COMMAND, "serve"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "DEBUG": "True",
                "SECRET_KEY": "a-secret-for-tests-only",
                "DATA_DIR": str(folder / "data"),
                "DATABASE_URL": in_database(mongo_uri, name),
                "PORT": "0",
                "LIMIT_AUTH_PER_ADDRESS_MIN": "1000",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "is ready at" in line:
                yield line.split()[-1]
                break
        else:
            pytest.fail("the service did not start: " + (folder / "stderr").read_text("utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_S)
        process.stdout.close()


def in_database(mongo_uri: str, name: str) -> str:
    parts = urlsplit(mongo_uri)
    return parts._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
    yield browser
    browser.close()


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
        context.close()
    assert watched.problems == []


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    from axe_playwright_python.sync_playwright import Axe

    checker = Axe()

    def axe(page: Page) -> list[str]:
        found: list[dict[str, Any]] = checker.run(page).response["violations"]
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
