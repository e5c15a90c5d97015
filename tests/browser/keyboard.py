"""Somebody without a mouse: the Tab key, the Enter key, and an eye for where the keyboard is."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Locator, Page

MOST_STOPS: Final = 150
# What the focus changes about the element: it is seen if outline or shadow do.
_RINGS: Final = """() => {
  const element = document.activeElement;
  const look = () => {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return [outline ? style.outlineColor : "", style.boxShadow, style.borderColor].join("|");
  };
  const focused = look();
  element.blur();
  const plain = look();
  element.focus();
  return focused !== plain;
}"""


def go_to(page: Page, target: Locator) -> None:
    """Go to ``target`` with the Tab key, seeing at each stop where the keyboard is."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert page.evaluate(_RINGS), f"the focus is not seen on {where}"
        if target.and_(page.locator(":focus")).count():
            return
    pytest.fail(f"the Tab key does not lead to {target}")


def press(page: Page, target: Locator) -> None:
    """Go to ``target`` and press Enter there; the page stays."""
    go_to(page, target)
    page.keyboard.press("Enter")


def follow(page: Page, target: Locator) -> None:
    """Go to ``target`` and press Enter there, which leads to another page."""
    go_to(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def write(page: Page, target: Locator, text: str) -> None:
    """Go to the field and type ``text``."""
    go_to(page, target)
    page.keyboard.type(text)
