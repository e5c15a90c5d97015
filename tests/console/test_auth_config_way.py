"""The whole way of a new auth config in a real browser: choose, fill in, save, copy, test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.models import Project
from tests.chromium import running_chromium
from tests.console.staff import signed_in


@pytest.fixture
def session(transactional_db: None, admin_user: User) -> str:
    """The session of an operator who is signed in; the database is not asked while a page runs."""
    Project.objects.create(name="Acme Agents")
    return signed_in(admin_user).cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def page(session: str, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    settings.BASE_URL = live_server.url
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with running_chromium() as program:
        context = program.new_context(base_url=live_server.url)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": session, "url": live_server.url}])
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context.new_page()


@pytest.mark.browser
def test_from_the_list_of_toolkits_to_the_hosted_page(page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/admin/integrations/authconfig/add/")
    shown = page.locator(".eg-kits li[data-text]:visible")
    page.get_by_label("Category").select_option("crm")
    page.get_by_label("Search toolkits").press_sequentially("nothing like it")
    expect(page.get_by_text("No toolkit fits this search.")).to_be_visible()
    page.get_by_label("Category").select_option("")
    page.get_by_label("Search toolkits").fill("SANDBOX provider")
    expect(shown).to_have_count(1)
    expect(page).to_have_url("/admin/integrations/authconfig/add/?q=SANDBOX+provider")
    page.get_by_label("Search toolkits").press("Enter")

    page.get_by_label("Base URL").fill("http://127.0.0.1:9")
    page.get_by_label("Client ID").fill("client")
    page.get_by_label("Client secret").fill("a secret")
    expect(page.get_by_text("Read your notes")).to_be_visible()
    expect(page.get_by_label("Token parameters")).to_be_hidden()
    page.get_by_role("button", name="Save").click()

    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "/connect/callback/ac_" in copied
    assert "a secret" not in page.content()

    with page.expect_popup() as opened:
        page.get_by_role("button", name="Test").click()
    expect(opened.value.get_by_text("Acme Agents").first).to_be_visible()
    expect(opened.value.get_by_text("Read your notes")).to_be_visible()
    assert complaints == []
