"""The hosted pages of every language in a real browser: on a phone, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections.models import ConnectedAccount, Entity
from integrations.models import AuthConfig, Project
from tests.chromium import look, running_chromium
from tests.connections.visitor import portal_of
from tests.making import connect, link_to

WIDTH = 390
CODES = [code for code, _ in django_settings.LANGUAGES]
KEY_TOOLKIT = "cloudflare"


@pytest.fixture
def places(transactional_db: None, project: Project, auth_config: AuthConfig) -> dict[str, str]:
    """Paths by name; the database is not asked while a page runs."""
    alice = Entity.objects.create(project=project, user_id="alice")
    connect(auth_config=auth_config, entity=alice)
    ConnectedAccount.objects.update(scopes_granted=["notes:read"])
    dead = connect(auth_config=auth_config, entity=alice, alias="work")
    ConnectedAccount.objects.filter(pk=dead.pk).update(
        status="EXPIRED", status_reason="grant_revoked", identity_label="work@example.com"
    )
    key = AuthConfig.objects.create(
        project=project, name="Key", toolkit=KEY_TOOLKIT, scheme="bearer"
    )
    return {
        "link": urlsplit(link_to(auth_config, allow_multiple=True)).path,
        "key": urlsplit(link_to(key)).path,
        "door": portal_of(alice),
        "unknown": "/connect/nothing",
        "nowhere": "/connect/portal/x/y/z",
    }


@pytest.fixture
def program(
    places: dict[str, str], live_server: LiveServer, settings: Settings
) -> Iterator[Browser]:
    settings.BASE_URL = live_server.url
    with running_chromium() as launched:
        yield launched


def new_page(program: Browser, live_server: LiveServer, language: str) -> Page:
    context = program.new_context(
        base_url=live_server.url,
        java_script_enabled=False,
        locale=language,
        viewport={"width": WIDTH, "height": 844},
    )
    return context.new_page()


def edges(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"]


@pytest.mark.browser
def test_no_page_sticks_out_in_any_language(
    program: Browser, live_server: LiveServer, places: dict[str, str]
) -> None:
    for language in CODES:
        page = new_page(program, live_server, language)
        for name, path in places.items():
            page.goto(path)
            expect(page.locator("html")).to_have_attribute("lang", language)
            look(page, f"{language}-{name}")
        page.context.close()


@pytest.mark.browser
def test_the_portal_holds_long_words(
    program: Browser, live_server: LiveServer, places: dict[str, str]
) -> None:
    page = new_page(program, live_server, "de")
    page.goto(places["door"])
    page.locator("form.actions button").click()
    for language in CODES:
        page.goto(f"{urlsplit(page.url).path}?language={language}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.locator(".account summary").first.click()
        look(page, f"{language}-accounts")
        here = page.url
        with page.expect_navigation():
            page.locator(".account-actions a").first.click()
        look(page, f"{language}-disconnect")
        page.goto(here)


@pytest.mark.browser
def test_the_language_is_switched_by_keyboard(
    program: Browser, live_server: LiveServer, places: dict[str, str]
) -> None:
    page = new_page(program, live_server, "en")
    page.goto(places["link"])
    switch = page.get_by_role("navigation", name="Language")
    switch.locator("summary").press("Enter")
    arabic = switch.get_by_role("link", name="العربية")
    left, right = edges(switch.locator("ul"))
    assert left >= 0
    assert right <= WIDTH
    arabic.press("Enter")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page).to_have_url(places["link"])


@pytest.mark.browser
def test_arabic_is_laid_out_from_the_right(
    program: Browser, live_server: LiveServer, places: dict[str, str]
) -> None:
    page = new_page(program, live_server, "ar")
    page.goto(places["link"])
    first = page.locator(".grants li").first
    assert edges(first.locator("svg"))[0] > edges(first.locator("span, code").first)[0]
    page.locator(".languages summary").click()
    left, right = edges(page.locator(".languages ul"))
    assert left >= 0
    assert right <= WIDTH
