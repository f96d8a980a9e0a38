"""The pages that describe the contracts, in a real browser: readable on a phone, with the keyboard, in the dark."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

WIDEST_PHONE = 360


def test_a_contract_is_found_and_an_operation_opened_with_the_keyboard(
    open_page: Callable[..., Page], axe: Callable[[Page], list[str]], shot: Callable[[Page, str], None]
) -> None:
    page = open_page("/docs")
    assert axe(page) == []
    shot(page, "docs")
    page.get_by_role("link", name="Heroes", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Heroes")
    operation = page.locator("#accounts_Login_post")
    operation.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(operation.get_by_role("heading", name="Answers")).to_be_visible()
    expect(operation.get_by_text("Email and/or password are incorrect.")).to_be_visible()
    assert axe(page) == []
    operation.scroll_into_view_if_needed()
    shot(page, "docs-heroes")


def test_an_operation_can_be_linked_to(open_page: Callable[..., Page]) -> None:
    page = open_page("/docs/heroes#accounts_Login_post")
    expect(page.locator("#accounts_Login_post")).to_be_in_viewport()


def test_a_contract_fits_on_a_phone_in_the_dark(
    open_page: Callable[..., Page], axe: Callable[[Page], list[str]], shot: Callable[[Page, str], None]
) -> None:
    page = open_page("/docs/gatherings", width=WIDEST_PHONE, dark=True)
    for operation in page.locator("details summary").all()[:3]:
        operation.click()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDEST_PHONE
    assert axe(page) == []
    shot(page, "docs-phone")
