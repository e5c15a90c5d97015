"""One server, one set of rows and one browser for all pages of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import pytest_django
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext
from pytest_django.live_server_helper import LiveServer

from tests.browser.looking import Looker
from tests.browser.scene import Scene, make_scene, session_of
from tests.chromium import running_chromium
from tests.emptying import Emptying
from tests.provider import ScriptedProvider

# Whatever a page asks for: nothing but loopback has an address.
NOWHERE_ELSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium(NOWHERE_ELSE) as launched:
        yield launched


@pytest.fixture(scope="module")
def db(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, chromium: Browser
) -> Iterator[None]:
    """Let the module's tests write; their rows stay from test to test, and go with the module."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        # Playwright runs a loop in this thread, in which Django would not ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        emptying = Emptying()
        emptying.remember()
        yield
        emptying.empty()
        # The one of this loop: nobody else would close it.
        connections.close_all()


@pytest.fixture(scope="module")
def scene(db: None) -> Iterator[Scene]:
    """A server, and what its pages show."""
    with ExitStack() as stack:
        provider = stack.enter_context(ScriptedProvider().serving())
        server = LiveServer("127.0.0.1")
        stack.callback(server.stop)
        here = override_settings(BASE_URL=server.url, OUTBOUND_ALLOW_LOOPBACK=True)
        stack.enter_context(here)
        cache.clear()
        yield make_scene(server.url, provider)


@dataclass(frozen=True)
class Lookers:
    """Two browsers: a visitor's, and one in which the operator is signed in."""

    visitor: Looker
    operator: Looker


@pytest.fixture(scope="module")
def lookers(scene: Scene, chromium: Browser) -> Iterator[Lookers]:
    scene.visitor = _context(chromium)
    signed_in = _context(chromium)
    name = django_settings.SESSION_COOKIE_NAME
    signed_in.add_cookies([{"name": name, "value": session_of(scene.operator), "url": scene.url}])
    yield Lookers(Looker(scene.visitor, scene), Looker(signed_in, scene))
    # Before the server ends: what a browser keeps open keeps a connection to the database.
    signed_in.close()
    scene.visitor.close()


def _context(chromium: Browser) -> BrowserContext:
    return chromium.new_context(reduced_motion="reduce", locale="en-GB")
