"""Looks at a page in every way that a person may see it, and says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from tests.browser import axe, tabbing
from tests.browser.scene import Scene
from tests.browser.shown import Shown
from tests.chromium import width_of

WIDE, NARROW = 1440, 390
HEIGHT: Final = 900
_STRUCTURE: Final = """() => ({
  title: document.title.trim(),
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll("h1")].filter((each) => each.checkVisibility()).length,
})"""
# The console takes its scheme from a class, so that an operator can choose it.
_SCHEME: Final = """(dark) => {
  if (document.getElementById("page")) document.documentElement.classList.toggle("dark", dark);
}"""
_STILL: Final = """() => {
  const sheet = new CSSStyleSheet();
  const still = "transition: none !important; animation: none !important";
  sheet.replaceSync(`*, ::before, ::after { ${still} }`);
  document.adoptedStyleSheets = [sheet];
}"""


class Looker:
    """A browser's page that notes what goes wrong on it."""

    def __init__(self, context: BrowserContext, scene: Scene) -> None:
        self.scene = scene
        self.page = context.new_page()
        self.notes: list[str] = []
        self._frame = "body"
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.notes.append(f"script: {error}"))

    def complaints(self, shown: Shown) -> list[str]:
        """Come to the page, look at it in every way, and return what is wrong with it."""
        self.page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        self.page.emulate_media(color_scheme="light")
        path = shown.way(self.scene)
        self.notes.clear()
        response = self.page.goto(f"{self.scene.url}{path}")
        status = response.status if response else 0
        if status != shown.status:
            self.notes.append(f"status: {status} at {self.page.url}")
        if shown.then:
            shown.then(self.page)
            self.page.wait_for_load_state()
        found = [*_structure(self.page), *_every_way(self.page), *self._by_keyboard()]
        return [*self.notes, *found]

    def _by_keyboard(self) -> list[str]:
        """Go through the page by the Tab key; the console's frame is the same on every page."""
        frame, self._frame = self._frame, "#page > #main"
        return tabbing.findings(self.page, frame)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.scene.url, "data:", "blob:")):
            self.notes.append(f"request to elsewhere: {request.url}")

    def _note_response(self, response: Response) -> None:
        if not response.request.is_navigation_request():
            if response.status >= 400:
                self.notes.append(f"{response.status} for {response.url}")
            return
        policy = response.headers.get("content-security-policy", "")
        allowed = {"'unsafe-eval'"} if "/admin/" in response.url else set()
        unsafe = {word.rstrip(";") for word in policy.split() if "unsafe" in word}
        if not policy or unsafe - allowed:
            self.notes.append(f"policy of {response.url}: {policy}")

    def _note_console(self, message: ConsoleMessage) -> None:
        # The browser tells the status of the page itself, too.
        own = (
            message.location.get("url") == self.page.url and "the server responded" in message.text
        )
        if message.type in {"error", "warning"} and not own:
            self.notes.append(f"console: {message.text}")


def _structure(page: Page) -> Iterator[str]:
    facts = page.evaluate(_STRUCTURE)
    if not facts["title"]:
        yield "no title"
    if not facts["lang"]:
        yield "no lang"
    if facts["headings"] != 1:
        yield f"{facts['headings']} h1"


def _every_way(page: Page) -> Iterator[str]:
    page.evaluate(_STILL)
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(_SCHEME, scheme == "dark")
            for found in axe.findings(page, colours_only=scheme == "dark"):
                yield f"{width} {scheme}: {found}"
        if (reached := width_of(page)) > width:
            yield f"{width}: reaches to {reached}"
