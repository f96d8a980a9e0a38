"""The story of a call on two practice phones, from a fresh start, as somebody does it who has just typed `make run`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from playwright.sync_api import Locator, Page, expect

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
Shot = Callable[[Page, str], None]

# The browser's own voice, recorded instead of played: headless Chromium has none.
SPEAKING = """() => {
    window.spoken = [];
    speechSynthesis.speak = (utterance) => {
        window.spoken.push(utterance.text);
        setTimeout(() => utterance.onend());
    };
}"""
FILL = "Fill with example people"
HANNA, CARLOS, LEO = "+12025550111", "+12025550112", "+12025550114"


def phone(page: Page, side: str) -> Locator:
    return page.get_by_role("region", name=f"{side} phone")


def dial(of: Locator) -> None:
    of.get_by_role("button", name="Dial").click()


def transcript(of: Locator) -> Locator:
    return of.get_by_role("log", name="What is heard")


def texts(of: Locator) -> Locator:
    return of.get_by_role("log", name="Texts")


def booked(page: Page) -> Locator:
    return page.get_by_role("region", name="What is booked")


def filled(open_page: OpenPage, **how: object) -> tuple[Page, Locator, Locator]:
    """The page with the example people, and its two phones."""
    page = open_page("/", **how)
    page.get_by_role("button", name=FILL).click()
    expect(page.get_by_text("Dial on the left phone.")).to_be_visible()
    return page, phone(page, "Left"), phone(page, "Right")


def test_a_call_between_two_phones_from_a_fresh_start(open_page: OpenPage, axe: Axe, shot: Shot) -> None:
    page, left, right = filled(open_page)
    expect(left.get_by_label("Whose phone")).to_have_value(HANNA)
    expect(right.get_by_label("Whose phone")).to_have_value(CARLOS)

    dial(left)
    expect(transcript(left)).to_contain_text("Hello Hanna.")
    expect(transcript(left)).to_contain_text("You are about to talk with Carlos Diaz, who is not here yet.")
    expect(left.get_by_text("In the room", exact=True)).to_be_visible()
    call = booked(page).get_by_role("listitem").filter(has_text="on these phones")
    expect(call).to_contain_text("Hanna Berg on the line")
    dial(right)
    expect(transcript(right)).to_contain_text("Hello Carlos.")
    expect(transcript(right)).to_contain_text("who is on the line already")
    expect(transcript(right)).to_contain_text("In the room hanna-berg")
    # The join appears within a second or so, without a reload.
    expect(call).to_contain_text("Carlos Diaz on the line", timeout=5_000)
    expect(left.get_by_role("timer")).to_have_text(re.compile(r"0:0[1-9]|0:[1-5]\d"))
    # The clock jumps, and with it the reminder comes, with the PIN.
    expect(texts(right)).to_contain_text(re.compile(r"PIN \d{6} if asked"))
    shot(page, "practice-call")
    assert axe(page) == []

    page.get_by_role("button", name="10 minutes ahead").click()
    # The time on the line is the service's, which is what is paid for.
    expect(left.get_by_role("timer")).to_have_text(re.compile(r"1[01]:\d\d"))
    left.get_by_role("button", name="Hang up").click()
    right.get_by_role("button", name="Hang up").click()
    expect(left.get_by_text("Not on the line")).to_be_visible()
    expect(texts(right)).to_contain_text("receipt")
    expect(texts(right)).to_contain_text("Charged $")
    expect(texts(left)).to_contain_text("Your share: $")
    letters = page.get_by_role("region", name="Their letters")
    expect(letters).to_contain_text("Receipt: $")
    expect(booked(page)).to_contain_text("held")
    shot(page, "practice-receipt")


def test_a_hidden_phone_is_let_in_by_the_pin_that_is_typed(open_page: OpenPage) -> None:
    page, left, right = filled(open_page)
    coming = booked(page).get_by_role("listitem").filter(has_text="on these phones")
    starts = coming.filter(has_text="you can dial now").get_by_role("time").inner_text()
    said = re.compile(rf"starts at {starts} [^.]*\. Dial [-+ \d]+\. PIN (\d{{6}}) if asked")
    expect(texts(left)).to_contain_text(said)
    pin = said.findall(texts(left).inner_text())[-1]
    right.get_by_label("Whose phone").select_option("hidden")
    dial(right)
    expect(transcript(right)).to_contain_text("Your number is hidden.")
    expect(right.get_by_text("digits, please")).to_be_visible()
    keypad = right.get_by_role("group", name="Keypad")
    for key in "000000":
        keypad.get_by_role("button", name=key, exact=True).click()
    keypad.get_by_role("button", name="pound").click()
    expect(transcript(right)).to_contain_text("That PIN is not right.")
    expect(right.get_by_text("digits, please")).to_be_visible()
    # Typed on the keyboard this time.
    keypad.get_by_role("button", name="1", exact=True).focus()
    page.keyboard.type(f"{pin}#")
    expect(transcript(right)).to_contain_text("In the room hanna-berg")
    right.get_by_role("button", name="Hang up").click()
    expect(transcript(right)).to_contain_text("Hung up")


def test_with_the_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name=FILL))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dial on the left phone.")).to_be_visible()
    left = phone(page, "Left")
    tab_to(page, left.get_by_role("button", name="Dial"))
    page.keyboard.press("Enter")
    # The focus goes on to the button in its place.
    expect(left.get_by_role("button", name="Hang up")).to_be_focused()
    expect(transcript(left)).to_contain_text("In the room")
    page.keyboard.press("Enter")
    expect(left.get_by_role("button", name="Dial")).to_be_focused()
    expect(left.get_by_text("Not on the line")).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("it cannot be reached with the keyboard")


def test_others_take_the_phones_the_clock_goes_to_their_time_and_texts_are_answered(
    open_page: OpenPage,
) -> None:
    page, left, right = filled(open_page)
    memorial = booked(page).get_by_role("listitem").filter(has_text="In memory of August Stone")
    memorial.get_by_role("button", name="Take these phones").click()
    expect(left.get_by_label("Whose phone").locator("option:checked")).to_contain_text("Nina Falk")
    memorial.get_by_role("button", name="Put the clock ahead to then").click()
    expect(memorial.get_by_text("you can dial now")).to_be_visible()
    # He wants no more texts, and then some again.
    right.get_by_label("Text to the service").fill("STOP")
    right.get_by_role("button", name="Send").click()
    expect(texts(right)).to_contain_text("successfully been unsubscribed")
    right.get_by_label("Text to the service").fill("START")
    right.get_by_role("button", name="Send").click()
    expect(texts(right)).to_contain_text("successfully been re-subscribed")
    # Another number, which nobody has; and what it hears is said aloud.
    page.evaluate(SPEAKING)
    left.get_by_label("Speak aloud").check()
    left.get_by_label("Whose phone").select_option("other")
    dial(left)
    expect(page.get_by_text("Give a number like")).to_be_visible()
    left.get_by_label("Its number").fill("+1 202-555-0177")
    dial(left)
    expect(transcript(left)).to_contain_text("We do not know the number")
    expect(transcript(left)).to_contain_text("Please enter the six digit PIN")
    assert page.evaluate("window.spoken.join(' ')").startswith("Hello. We do not know the number")
    left.get_by_role("button", name="Hang up").click()


def test_nothing_is_in_anybodys_way(open_page: OpenPage, axe: Axe, shot: Shot) -> None:
    page, left, _ = filled(open_page)
    dial(left)
    expect(transcript(left)).to_contain_text("In the room")
    # In the light at full width axe has looked at it in the first test.
    schemes: tuple[tuple[int, Literal["light", "dark"]], ...]
    schemes = ((360, "light"), (360, "dark"), (820, "light"), (1280, "dark"))
    for width, scheme in schemes:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shot(page, f"practice-{width}-{scheme}")
        if width != 820:
            assert axe(page) == [], (width, scheme)
    left.get_by_role("button", name="Hang up").click()
    expect(left.get_by_text("Not on the line")).to_be_visible()
