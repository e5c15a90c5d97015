"""The browser of the tests, started."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

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
