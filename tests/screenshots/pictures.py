"""Which pictures there are: the page, how large it is seen, and in which colours."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final
from unittest.mock import patch
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize

from connections.actors import SYSTEM
from connections.connect.outcome import Outcome
from connections.models import BulkJob, ConnectedAccount, Reason
from connections.operations import link_account, reconnect_account
from integrations.models import AuthConfig, Project
from tests.browser.scene import session_of
from tests.connections.visitor import Visitor, portal_of
from tests.console.pages import address
from tests.screenshots.demo import CALLBACK, Demo

DESK: Final[ViewportSize] = {"width": 1440, "height": 960}
PHONE: Final[ViewportSize] = {"width": 390, "height": 800}
TALL: Final[ViewportSize] = {"width": 390, "height": 960}
SHARPNESS: Final = 1.5
Way = Callable[["Studio"], str]


class Studio:
    """A browser before the demo's pages."""

    def __init__(self, demo: Demo, url: str, browser: Browser) -> None:
        self.demo, self.url, self.browser = demo, url, browser
        self.page: Page
        # Undone once a picture is taken.
        self.staging = ExitStack()

    def look(
        self, way: Way, size: ViewportSize, scheme: str = "light", *, sharpness: float = SHARPNESS
    ) -> bytes:
        """Return the picture of the page that ``way`` leads to."""
        context = self.browser.new_context(
            viewport=size,
            color_scheme=scheme,  # type: ignore[arg-type] # one of two
            device_scale_factor=sharpness,
            reduced_motion="reduce",
        )
        session = session_of(self.demo.operator)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.url}
        context.add_cookies([cookie])  # type: ignore[list-item] # built from parts
        self.page = context.new_page()
        with self.staging:
            self.page.goto(f"{self.url}{way(self)}")
            self.page.evaluate("document.fonts.ready")
            self.page.evaluate(CALM)
            picture = self.page.screenshot()
        context.close()
        return picture

    def lend(self, visitor: Visitor) -> None:
        """Give this browser the cookies of ``visitor``."""
        for name, morsel in visitor.client.cookies.items():
            cookie = {"name": name, "value": morsel.value, "url": self.url}
            self.page.context.add_cookies([cookie])  # type: ignore[list-item] # built from parts

    def join(self, pictures: list[bytes]) -> bytes:
        """Return the pictures side by side."""
        context = self.browser.new_context(viewport={"width": 4000, "height": 400})
        page = context.new_page()
        page.set_content(SIDE_BY_SIDE.format("".join(_image(each) for each in pictures)))
        picture = page.locator("body").screenshot()
        context.close()
        return picture


# Bars that fade in and out as a page is opened are in no picture.
CALM: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".simplebar-track { display: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""
SIDE_BY_SIDE: Final = """<!doctype html><style>
  body {{ display: flex; align-items: flex-start; gap: 36px; padding: 36px }}
  body {{ width: max-content; margin: 0; background: #e7ebe8 }}
  img {{ display: block; border-radius: 18px; box-shadow: 0 4px 24px rgb(12 35 22 / .16) }}
</style>{}"""


def _image(picture: bytes) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


# --- Ways ----------------------------------------------------------------------------------------


def overview(_studio: Studio) -> str:
    return reverse("admin:index")


def accounts(_studio: Studio) -> str:
    return address(ConnectedAccount, "changelist")


def broken(studio: Studio) -> str:
    assert studio.demo.broken is not None
    return address(ConnectedAccount, "change", studio.demo.broken.pk)


def bulk(studio: Studio) -> str:
    assert studio.demo.job is not None
    return address(BulkJob, "change", studio.demo.job.pk)


def _link(studio: Studio, toolkit: str, person: str) -> str:
    issued = link_account(
        project=studio.demo.project,
        user_id=person,
        auth_config=studio.demo.configs[toolkit],
        actor=SYSTEM,
        callback_url=CALLBACK,
    )
    return urlsplit(issued.url).path


def connect(studio: Studio) -> str:
    return _link(studio, "gmail", "zoe")


def key_form(studio: Studio) -> str:
    return _link(studio, "stripe", "zoe")


def reconnect(studio: Studio) -> str:
    assert studio.demo.broken is not None
    issued = reconnect_account(account=studio.demo.broken, actor=SYSTEM, callback_url=CALLBACK)
    return urlsplit(issued.url).path


def quickstart(studio: Studio) -> str:
    """As the quickstart tells it: alice's account at the bundled provider has died."""
    config = AuthConfig.objects.create(
        project=Project.objects.create(name="Demo app"),
        name="Demo client",
        toolkit="sandbox",
        client_id="evergrant-sandbox",
        parameters={"base_url": "http://127.0.0.1:8001"},
    )
    account = studio.demo.story.connect(config, "alice@example.com", hours=1)
    studio.demo.story.die(account, minutes=2)
    return urlsplit(reconnect_account(account=account, actor=SYSTEM).url).path


def wrong_account(studio: Studio) -> str:
    """As if Gmail had just told whose account it is: nobody is called for a picture."""
    assert studio.demo.broken is not None
    issued = reconnect_account(account=studio.demo.broken, actor=SYSTEM, callback_url=CALLBACK)
    outcome = Outcome(
        link=issued.link,
        account=studio.demo.broken,
        succeeded=False,
        reason=Reason.IDENTITY_MISMATCH,
        actual_identity="maya.lin@home.example",
    )
    answer = patch("connections.connect.views.take_answer", lambda **_given: outcome)
    studio.staging.enter_context(answer)
    cookie = {"name": f"evergrant_{issued.link.pk}", "value": issued.url.rpartition("/")[2]}
    studio.page.context.add_cookies([cookie | {"url": studio.url}])  # type: ignore[list-item] # as above
    return reverse("connect:callback", args=[studio.demo.configs["gmail"].pk])


def portal(studio: Studio) -> str:
    assert studio.demo.broken is not None
    visitor = Visitor(portal_of(studio.demo.broken.entity, callback_url=CALLBACK)).enter()
    studio.lend(visitor)
    return visitor.list


# --- Pictures ------------------------------------------------------------------------------------


def _desk(way: Way, scheme: str = "light", size: ViewportSize = DESK) -> Callable[[Studio], bytes]:
    return lambda studio: studio.look(way, size, scheme)


def _phones(*shots: tuple[Way, str]) -> Callable[[Studio], bytes]:
    def take(studio: Studio) -> bytes:
        return studio.join([studio.look(way, PHONE, scheme) for way, scheme in shots])

    return take


PICTURES: Final[dict[str, Callable[[Studio], bytes]]] = {
    "overview": _desk(overview),
    "overview-dark": _desk(overview, "dark"),
    "accounts": _desk(accounts),
    "bulk": _desk(bulk),
    "account-dark": _desk(broken, "dark"),
    "evergrant": lambda studio: studio.join(
        [studio.look(broken, DESK, sharpness=1.25), studio.look(reconnect, TALL, sharpness=1.25)]
    ),
    "connect": _phones((connect, "light"), (key_form, "light"), (wrong_account, "dark")),
    "portal": _phones((portal, "light"), (portal, "dark")),
    "reconnect": lambda studio: studio.look(quickstart, PHONE),
}
