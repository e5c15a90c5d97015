"""The browser of the tests: started, and its pages looked at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser_program import browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A machine that runs the other half of the suite beside it may take long to show a page.
PATIENCE_MILLISECONDS = 30_000

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def running_chromium(*flags: str) -> Iterator[Browser]:
    """Yield a browser without a window, started with our flags and ``flags``."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(browser()), args=[*FLAGS, *flags])
        yield launched
        launched.close()


def width_of(page: Page) -> int:
    """Return how wide the page is, in CSS pixels: wider than its window where it sticks out."""
    return int(page.locator("html").evaluate("html => html.scrollWidth"))


def look(page: Page, name: str) -> None:
    """See that nothing sticks out; keep a picture where EVERGRANT_SCREENSHOTS names a folder."""
    window = page.viewport_size
    assert window is not None
    assert width_of(page) <= window["width"], name
    if folder := os.environ.get("EVERGRANT_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
