"""Webhooks in a real browser and a real process: registered on the page, verified by whoever gets them, followed live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

OpenPage = Callable[..., Page]


class Receiver(ThreadingHTTPServer):
    """Refuses the first delivery and takes the others; keeps all of them."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Hook)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks"


class Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(503 if len(self.server.requests) == 1 else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_endpoint_is_registered_and_its_deliveries_are_followed_live(
    open_page: OpenPage,
    receiver: Receiver,
    axe: Callable[[Page], list[str]],
    shot: Callable[[Page, str], None],
) -> None:
    page = open_page("/console/webhooks")
    page.get_by_text("Register an endpoint").click()
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_label("What it is for").fill("The till")
    assert axe(page) == []
    page.get_by_role("button", name="Register").click()
    secret = page.locator("section code").inner_text()
    assert axe(page) == []
    page.goto("/console/webhooks")
    expect(page.locator("body")).not_to_contain_text(secret)
    page.get_by_role("button", name="Send a sample").click()
    row = page.get_by_role("region", name="Deliveries").get_by_role("row").nth(1)
    # It shows without a reload.
    expect(row).to_contain_text("answered 503")
    row.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("region", name="Tries")).to_contain_text("answered 204")
    [first, second] = receiver.requests
    for headers, body in (first, second):
        assert Webhook(secret).verify(body, headers)["type"] == "booking.agreed"
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    page.goto("/console/webhooks")
    expect(row).to_contain_text("delivered")
    shot(page, "webhooks-desktop")
    narrow = open_page("/console/webhooks", width=360, dark=True)
    assert axe(narrow) == []
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    shot(narrow, "webhooks-phone")
    narrow.get_by_role("link", name="booking.agreed").click()
    expect(narrow.get_by_role("region", name="Tries")).to_contain_text("answered 503")
    assert axe(narrow) == []
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
