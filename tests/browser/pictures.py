"""`make pictures`: plays a call on the practice phones and takes the pictures of `docs/pictures/`. No test, so the tests leave it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

from tests.browser.test_practice_phones import dial, filled, texts
from tests.browser.test_webhooks_page import Receiver, receiver
from tests.pictures import picture
from thserver.services.example_people import KING, STAFF

OpenPage = Callable[..., Page]
Take = Callable[..., None]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES = 150_000
# The simulated carrier never delivers what is texted to it.
OUT_OF_REACH = "+15005550030"
NARROW: ViewportSize = {"width": 390, "height": 844}
__all__ = ["receiver"]


@pytest.fixture
def take() -> Take:
    """`take(page, "name")` keeps a picture of a page, from its top to `height` CSS pixels at most, or of `only` one part of it."""

    def take(page: Page, name: str, *, height: int = 900, only: Locator | None = None) -> None:
        # Nothing is pointed at or focused.
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement?.blur()")
        page.evaluate(
            "document.querySelectorAll('[role=log]').forEach((each) => each.scrollTo(0, each.scrollHeight))"
        )
        whole = int(page.evaluate("document.body.getBoundingClientRect().height"))
        width = int(page.evaluate("document.documentElement.clientWidth"))
        shown: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(whole, height)}
        taken = only.screenshot() if only is not None else page.screenshot(full_page=True, clip=shown)
        path = FOLDER / f"{name}.png"
        image = Image.open(BytesIO(taken)).convert("RGB")
        image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size < MOST_BYTES, name

    return take


def invite_somebody_out_of_reach(service_url: str) -> None:
    """A text that fails, for the outbox."""
    with httpx.Client(base_url=service_url, timeout=30, trust_env=False) as http:

        def code_of(phone: str) -> str:
            http.post("/api/auth/code/", json={"phone": phone}).raise_for_status()
            said = http.get("/practice/texts", params={"to": phone}).json()[-1]["body"]
            return re.findall(r"\b\d{6}\b", said)[0]

        new = {"phone": OUT_OF_REACH, "code": code_of(OUT_OF_REACH), "is_new": "true", "name": "Nora Quist"}
        made = http.post("/api/auth/users/", data=new, files={"avatar": ("me.png", picture())})
        made.raise_for_status()
        king = http.post("/api/auth/users/", json={"phone": KING.phone, "code": code_of(KING.phone)})
        gathering = {"title": "Who brings the cake?", "users": [made.json()["user_id"]]}
        http.post(
            "/api/meetings/",
            data=gathering,
            files={"logo": ("logo.png", picture())},
            headers={"Authorization": f"Token {king.json()['token']}"},
        ).raise_for_status()


def test_pictures(open_page: OpenPage, take: Take, receiver: Receiver, service_url: str) -> None:
    phones, left, right = filled(open_page)
    desk = open_page("/console/webhooks")
    desk.get_by_text("Register an endpoint").click()
    desk.get_by_label("URL").fill(receiver.url)
    desk.get_by_label("What it is for").fill("The till")
    desk.get_by_role("button", name="Register").click()
    invite_somebody_out_of_reach(service_url)

    # A call that is on.
    rooms = open_page("/console/rooms")
    dial(left)
    expect(left.get_by_text("In the room", exact=True)).to_be_visible()
    rooms.get_by_role("button", name="Call Carlos Diaz").click()
    right.get_by_role("button", name="Answer").click()
    expect(right.get_by_text("digits, please")).to_be_visible()
    right.get_by_role("group", name="Keypad").get_by_role("button", name="1", exact=True).click()
    expect(right.get_by_text("In the room", exact=True)).to_be_visible()
    phones.get_by_role("button", name="10 minutes ahead").click()
    rooms.get_by_label("Say to everybody in the room").fill("You have ten minutes.")
    rooms.keyboard.press("Enter")
    for phone in (left, right):
        expect(phone).to_contain_text("You have ten minutes.")
    rooms.get_by_role("button", name="Mute Carlos Diaz", exact=True).click()
    expect(rooms.get_by_role("button", name="Unmute Carlos Diaz")).to_be_visible()
    for phone in (left, right):
        expect(phone.get_by_role("timer")).to_have_text(re.compile(r"1\d:\d\d"))
    take(phones, "practice-phones", height=1000)
    take(rooms, "live-rooms")
    dark = open_page("/console/rooms", **NARROW, dark=True)
    take(dark, "live-rooms-narrow-dark", height=NARROW["height"])
    rooms.get_by_role("button", name="Unmute Carlos Diaz").click()
    expect(rooms.get_by_role("button", name="Mute Carlos Diaz", exact=True)).to_be_visible()

    # The same call when it is settled.
    phones.get_by_role("button", name="10 minutes ahead").click()
    for phone in (left, right):
        phone.get_by_role("button", name="Hang up").click()
    expect(texts(right)).to_contain_text("Charged $")
    phones.set_viewport_size(NARROW)
    take(phones, "practice-phone-narrow", only=right)
    desk.goto("/console/calls")
    take(desk, "calls")
    desk.goto("/console/calls/1")
    expect(desk.get_by_role("img", name="Call 1 on one line of time")).to_be_visible()
    take(desk, "call", height=1150)
    dark.goto("/console/calls/1")
    take(dark, "call-narrow-dark", height=1100)

    desk.goto("/console/sweeps")
    desk.get_by_role("row").filter(has_text="pay-kept-balances").get_by_role("button", name="Run now").click()
    expect(desk.get_by_role("status")).to_contain_text("pay-kept-balances")
    for path in ("outbox", "sweeps", "actions", "webhooks"):
        desk.goto(f"/console/{path}")
        take(desk, path)
    night = open_page("/console/money", dark=True)
    take(night, "money-dark")
    desk.goto("/console/sign-in")
    desk.get_by_label("Your phone number").fill(STAFF.phone)
    take(desk, "sign-in")
    desk.goto("/docs/heroes")
    take(desk, "contract")
