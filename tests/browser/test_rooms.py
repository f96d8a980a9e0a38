"""The live rooms in a real browser: who joins appears by itself, and what staff do happens on the practice phones."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_practice_phones import dial, filled, texts, transcript
from thserver.services.example_people import STAFF

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
Shot = Callable[[Page, str], None]

# "Within a second", and some patience with a machine that runs many tests at once.
AT_ONCE_MS = 3_000
HOST, GUEST = "Hanna Berg", "Carlos Diaz"


def person(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="On the line").get_by_role("listitem").filter(has_text=name)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_staff_see_who_joins_and_mute_announce_remove_call_and_end(
    open_page: OpenPage, axe: Axe, shot: Shot
) -> None:
    phones, left, right = filled(open_page)
    rooms = open_page("/console/rooms")
    rooms.evaluate("window.isTheSamePage = true")
    expect(rooms.get_by_text("Nobody is on the line.")).to_be_visible()

    dial(left)
    expect(left.get_by_text("In the room", exact=True)).to_be_visible()
    expect(person(rooms, HOST)).to_contain_text("here since", timeout=AT_ONCE_MS)
    expect(person(rooms, GUEST)).to_contain_text("not here yet")

    # The missing one is called, and picks up.
    person(rooms, GUEST).get_by_role("button", name=f"Call {GUEST}").click()
    expect(rooms.get_by_text("The phone is ringing.")).to_be_visible()
    expect(person(rooms, GUEST)).to_contain_text("phone is ringing")
    right.get_by_role("button", name="Answer").click()
    expect(transcript(right)).to_contain_text("Hanna Berg is on the line, waiting for you.")
    expect(right.get_by_text("digits, please")).to_be_visible()
    right.get_by_role("group", name="Keypad").get_by_role("button", name="1", exact=True).click()
    expect(right.get_by_text("In the room", exact=True)).to_be_visible()
    expect(person(rooms, GUEST)).to_contain_text("here since", timeout=AT_ONCE_MS)
    expect(rooms.get_by_text("Talking for")).to_be_visible()
    shot(rooms, "rooms-desktop")
    assert axe(rooms) == []

    # Mute and unmute; the focus stays where the hand is.
    mute = person(rooms, GUEST).get_by_role("button", name=f"Mute {GUEST}", exact=True)
    mute.focus()
    rooms.keyboard.press("Enter")
    unmute = person(rooms, GUEST).get_by_role("button", name=f"Unmute {GUEST}")
    expect(unmute).to_be_visible()
    expect(person(rooms, GUEST)).to_contain_text("muted")
    unmute.click()
    expect(mute).to_be_visible()

    # What is being typed stays, whatever changes meanwhile.
    sentence = rooms.get_by_label("Say to everybody in the room")
    sentence.fill("Five minutes")
    sentence.press_sequentially(" left.")
    sentence.press("Enter")
    for phone in (left, right):
        expect(transcript(phone)).to_contain_text("This is a message from Tech Heroes.")
        expect(transcript(phone)).to_contain_text("Five minutes left.")
    expect(sentence).to_have_value("")

    guest = person(rooms, GUEST)
    guest.get_by_text("Remove", exact=False).first.click()
    rooms.keyboard.press("Escape")
    expect(guest.get_by_role("button", name=f"Remove now {GUEST}")).to_be_hidden()
    guest.get_by_text("Remove", exact=False).first.click()
    shot(rooms, "rooms-remove")
    assert axe(rooms) == []
    guest.get_by_role("button", name=f"Remove now {GUEST}").click()
    expect(right.get_by_text("Not on the line")).to_be_visible()
    expect(guest).to_contain_text("was taken off the line", timeout=AT_ONCE_MS)

    rooms.get_by_text("End the call", exact=False).first.click()
    rooms.get_by_role("button", name="End it now").click()
    expect(left.get_by_text("Not on the line")).to_be_visible()
    expect(rooms.get_by_text("Nobody is on the line.")).to_be_visible(timeout=AT_ONCE_MS)
    ended = rooms.get_by_role("region", name="Ended within the last hour")
    expect(ended).to_contain_text("the call was ended")
    assert rooms.evaluate("window.isTheSamePage") is True

    rooms.get_by_role("link", name="Actions").first.click()
    for action in ("call", "mute", "unmute", "announce", "remove", "end"):
        row = rooms.get_by_role("row").filter(has=rooms.get_by_role("rowheader", name=action, exact=True))
        expect(row).to_contain_text("done")
    expect(rooms.get_by_text("sentence: Five minutes left.")).to_be_visible()
    shot(rooms, "actions-desktop")
    assert axe(rooms) == []


def test_on_a_small_screen_in_the_dark_everything_is_there(open_page: OpenPage, axe: Axe, shot: Shot) -> None:
    phones, left, right = filled(open_page)
    dial(left)
    expect(left.get_by_text("In the room", exact=True)).to_be_visible()
    page = open_page("/console/rooms", width=360, height=740, dark=True)
    expect(person(page, HOST)).to_contain_text("here since")
    for path in ("/console/rooms", "/console/actions", "/console/sign-in"):
        page.goto(path)
        shot(page, f"{path.rpartition('/')[2]}-phone-dark")
        assert axe(page) == [], path
        assert overflow(page) <= 0, path
    left.get_by_role("button", name="Hang up").click()
    expect(left.get_by_text("Not on the line")).to_be_visible()


def test_staff_sign_in_with_a_code_and_out_again(open_page: OpenPage) -> None:
    phones, left, _ = filled(open_page)
    left.get_by_label("Whose phone").select_option(STAFF.phone)
    page = open_page("/console/sign-in?next=/console/actions")
    page.get_by_label("Your phone number").fill(STAFF.phone)
    page.get_by_role("button", name="Text me a code").click()
    said = re.compile(r"code is (\d{6})\.")
    expect(texts(left)).to_contain_text(said)
    code = said.findall(texts(left).inner_text())[-1]
    page.get_by_label("Code from the text").fill(code)
    page.get_by_role("button", name="Sign in").first.click()
    expect(page).to_have_url(re.compile("/console/actions$"))
    expect(page.get_by_text("Grace Adler").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_for_signing_in_is_whole(open_page: OpenPage, axe: Axe, shot: Shot, dark: bool) -> None:
    page = open_page("/console/sign-in", dark=dark)
    page.get_by_label("Your phone number").fill("+1 202 555 0111")
    page.get_by_role("button", name="Text me a code").click()
    expect(page.get_by_role("status")).to_contain_text("a code is on its way")
    expect(page.get_by_label("Code from the text")).to_be_focused()
    shot(page, f"sign-in-{'dark' if dark else 'light'}")
    assert axe(page) == []
