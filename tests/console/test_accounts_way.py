"""An operator's way through the accounts in a real browser, on a phone, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections.admin.accounts import ConnectedAccountAdmin
from connections.models import ConnectedAccount, Entity
from integrations.models import AuthConfig, Project
from tests.chromium import running_chromium, width_of
from tests.making import connect

WIDTH = 390
LIST = "/admin/connections/connectedaccount/"


@pytest.fixture
def accounts(
    transactional_db: None,
    project: Project,
    auth_config: AuthConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Five accounts, two on a page; the newest one's grant is dead."""
    monkeypatch.setattr(ConnectedAccountAdmin, "list_per_page", 2)
    entities = [Entity.objects.create(project=project, user_id=f"user-{n}") for n in range(5)]
    keys = [connect(auth_config=auth_config, entity=entity).pk for entity in entities]
    ConnectedAccount.objects.filter(pk=keys[-1]).update(
        status="EXPIRED", status_reason="grant_revoked", identity_label="dead@example.com"
    )
    return keys


@pytest.fixture
def page(
    accounts: list[str], live_server: LiveServer, settings: Settings, admin_user: User
) -> Iterator[Page]:
    settings.BASE_URL = live_server.url
    client = Client()
    client.force_login(admin_user)
    session = client.cookies["sessionid"].value
    with running_chromium() as program:
        context = program.new_context(
            base_url=live_server.url, viewport={"width": WIDTH, "height": 844}
        )
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        yield context.new_page()


@pytest.mark.browser
def test_from_the_list_to_a_reconnect_link_on_a_phone(page: Page, accounts: list[str]) -> None:
    page.goto(LIST)
    assert width_of(page) <= WIDTH
    page.get_by_role("link", name="Older").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    page.get_by_role("link", name="Expired").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="dead@example.com").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Why did this break?")).to_be_visible()
    assert width_of(page) <= WIDTH
    what_to_do = page.locator(".eg-next").get_by_role("button", name="Get reconnect link")
    what_to_do.focus()
    page.keyboard.press("Enter")
    shown = page.locator(".eg-once code")
    expect(shown).to_contain_text("/connect/")
    assert page.get_by_role("button", name="Copy").get_attribute("data-copy") == shown.inner_text()
